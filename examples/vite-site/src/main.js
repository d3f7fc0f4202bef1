import mark from './mark.svg';
import './style.css';

const site = document.getElementById('site');
site.innerHTML = `
  <img src="${mark}" alt="" width="56" height="56" />
  <h1>由 Vite 构建 <small lang="en">Built by Vite</small></h1>
  <p>改一行，提交，推送。 <span lang="en">Change a line, commit, push.</span></p>
  <button type="button"></button>
`;

let count = 0;
const button = site.querySelector('button');
const show = () => {
  button.textContent = `点了 ${count} 下 · clicked ${count} ${count === 1 ? 'time' : 'times'}`;
};
button.addEventListener('click', () => {
  count += 1;
  show();
});
show();
