// Before any script of the page: note when the first picture has a pixel that is not background.
// After each frame that drew something, all pixels are read back, which also waits for them.
(() => {
  const drawn = new Set();
  const proto = WebGL2RenderingContext.prototype;
  for (const name of ['drawArrays', 'drawElements', 'drawArraysInstanced', 'drawElementsInstanced']) {
    const draw = proto[name];
    proto[name] = function (...args) {
      if (!window.firstSight) drawn.add(this);
      return draw.apply(this, args);
    };
  }
  const look = (gl) => {
    const { drawingBufferWidth: width, drawingBufferHeight: height } = gl;
    const bound = gl.getParameter(gl.FRAMEBUFFER_BINDING);
    const pixels = new Uint8Array(width * height * 4);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
    gl.bindFramebuffer(gl.FRAMEBUFFER, bound);
    const [red, green, blue] = gl.getParameter(gl.COLOR_CLEAR_VALUE).map((one) => Math.round(one * 255));
    let count = 0;
    for (let i = 0; i < pixels.length; i += 4) {
      if (Math.abs(pixels[i] - red) > 1 || Math.abs(pixels[i + 1] - green) > 1 || Math.abs(pixels[i + 2] - blue) > 1) count++;
    }
    if (!count) return;
    window.firstSight = { ms: performance.now(), origin: performance.timeOrigin, share: count / (width * height) };
  };
  const request = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (callback) => request((now) => {
    callback(now);
    for (const gl of drawn) if (!window.firstSight) look(gl);
    drawn.clear();
  });
})();
