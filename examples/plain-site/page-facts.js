// What the browser measured of this very page, and where the next site will be.
const [visit] = performance.getEntriesByType('navigation');
const facts = document.getElementById('facts');
if (facts && visit && visit.encodedBodySize > 0) {
  const milliseconds = Math.max(1, Math.round(visit.responseEnd - visit.requestStart));
  const sent = (visit.encodedBodySize / 1024).toFixed(1);
  const whole = (visit.decodedBodySize / 1024).toFixed(1);
  facts.textContent =
    sent === whole
      ? `${location.host} · ${milliseconds} ms · ${whole} KB`
      : `${location.host} · ${milliseconds} ms · ${whole} KB → ${sent} KB`;
  facts.hidden = false;
}

const base = location.host.split('.').slice(1).join('.');
const isName = /[a-z]/.test(base);
for (const place of document.querySelectorAll('[data-host]')) {
  if (isName) place.textContent = `${location.protocol}//${place.dataset.host}.${base}`;
}
