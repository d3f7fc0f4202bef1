/** Text, and formats that are not compressed themselves. Pictures, sound, video, archives and WOFF are. */
const COMPRESSIBLE =
  /^(text\/.+|[a-z]+\/[\w.-]+\+(json|xml)|application\/(javascript|json|xml|wasm|rtf|toml|yaml|vnd\.ms-fontobject)|font\/(ttf|otf|collection)|image\/(bmp|x-icon|vnd\.microsoft\.icon))$/;

/** Whether a file of this Content-Type may become much smaller; whether it does is found out by trying. */
export const isCompressible = (type: string) => COMPRESSIBLE.test(type.split(';', 1)[0]?.trim() ?? '');
