// Before any script of the page: note when the first picture has a pixel that is not background.
// As soon as whoever draws has drawn, all pixels are read back, which also waits for them: what a
// canvas shows is gone from its own buffer with the next frame.
(() => {
  const drawn = new Set();
  const cleared = new WeakMap();
  const proto = WebGL2RenderingContext.prototype;
  const look = (gl) => {
    drawn.delete(gl);
    if (window.firstSight) return;
    const { drawingBufferWidth: width, drawingBufferHeight: height } = gl;
    const bound = gl.getParameter(gl.FRAMEBUFFER_BINDING);
    const pixels = new Uint8Array(width * height * 4);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
    gl.bindFramebuffer(gl.FRAMEBUFFER, bound);
    const [red, green, blue] = Array.from(cleared.get(gl) ?? [0, 0, 0], (one) => Math.round(one * 255));
    let count = 0;
    for (let i = 0; i < pixels.length; i += 4) {
      if (Math.abs(pixels[i] - red) > 1 || Math.abs(pixels[i + 1] - green) > 1 || Math.abs(pixels[i + 2] - blue) > 1) count++;
    }
    if (!count) return;
    window.firstSight = { ms: performance.now(), origin: performance.timeOrigin, share: count / (width * height) };
  };
  for (const name of ['drawArrays', 'drawElements', 'drawArraysInstanced', 'drawElementsInstanced']) {
    const draw = proto[name];
    proto[name] = function (...args) {
      if (!window.firstSight && !drawn.has(this)) {
        drawn.add(this);
        queueMicrotask(() => look(this));
      }
      return draw.apply(this, args);
    };
  }
  const clear = proto.clear;
  proto.clear = function (mask) {
    const isScreen = !window.firstSight && this.getParameter(this.FRAMEBUFFER_BINDING) === null;
    if (isScreen && mask & this.COLOR_BUFFER_BIT) cleared.set(this, this.getParameter(this.COLOR_CLEAR_VALUE));
    return clear.call(this, mask);
  };
})();
