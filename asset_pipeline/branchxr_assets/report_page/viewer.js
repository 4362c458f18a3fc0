// The report's viewer: WebGL 2, no library, no network. It shows what bake.py packed.
'use strict';
(() => {
  const VERTEX = `#version 300 es
    in vec4 place; in vec4 normal; in vec2 uv; in vec4 colour;
    uniform mat4 view; uniform vec3 low, extent; uniform vec4 uvs;
    out vec3 at; out vec3 facing; out vec2 on; out vec4 tint;
    void main() {
      at = low + place.xyz * extent; facing = normal.xyz; on = uvs.xy + uv * uvs.zw; tint = colour;
      gl_Position = view * vec4(at, 1.0);
    }`;
  const FRAGMENT = `#version 300 es
    precision highp float;
    in vec3 at; in vec3 facing; in vec2 on; in vec4 tint;
    uniform vec4 base; uniform vec3 glows, eye; uniform float cut, cutoff, metal;
    uniform bool hasMap, hasGlow, unlit; uniform int mode; uniform sampler2D map, glow;
    out vec4 shown;
    vec3 linear(vec3 c) { return mix(c / 12.92, pow((c + 0.055) / 1.055, vec3(2.4)), step(0.04045, c)); }
    vec3 display(vec3 c) {
      c = mix(c, 0.7 + 0.3 * (1.0 - exp(-(c - 0.7) / 0.3)), step(0.7, c));
      return mix(c * 12.92, 1.055 * pow(max(c, 0.0), vec3(1.0 / 2.4)) - 0.055, step(0.0031308, c));
    }
    void main() {
      if (at.y > cut) discard;
      vec4 colour = base * tint;
      if (hasMap) { vec4 t = texture(map, on); colour *= vec4(linear(t.rgb), t.a); }
      if (mode == 1 && colour.a < cutoff) discard;
      vec3 light = vec3(1.0);
      if (!unlit) {
        vec3 n = dot(facing, facing) > 0.1 ? normalize(facing) : normalize(cross(dFdx(at), dFdy(at)));
        if (!gl_FrontFacing && dot(facing, facing) > 0.1) n = -n;
        vec3 away = normalize(eye - at);
        float sky = n.y * 0.5 + 0.5, rim = pow(1.0 - clamp(dot(n, away), 0.0, 1.0), 4.0);
        light = mix(vec3(0.40, 0.37, 0.35), vec3(0.66, 0.69, 0.74), sky)
          + vec3(0.40, 0.39, 0.37) * max(dot(n, normalize(away + vec3(0.3, 0.7, 0.2))), 0.0) + 0.12 * rim;
        light *= mix(1.0, 0.8, metal);
      }
      vec3 lit = colour.rgb * light;
      vec3 own = glows; if (hasGlow) own *= linear(texture(glow, on).rgb);
      shown = vec4(display(lit + own), mode == 2 ? colour.a : 1.0);
    }`;

  const multiply = (a, b) => Float32Array.from({ length: 16 }, (_, i) => {
    const row = i % 4, column = i - row;
    return a[row] * b[column] + a[row + 4] * b[column + 1] + a[row + 8] * b[column + 2] + a[row + 12] * b[column + 3];
  });
  const minus = (a, b) => a.map((value, i) => value - b[i]);
  const unit = (a) => { const length = Math.hypot(...a) || 1; return a.map((value) => value / length); };
  const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
  const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
  const SLOPE = Math.tan((40 * Math.PI) / 360);

  async function unpack(text) {
    const raw = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const stream = new Blob([raw]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
    const bytes = await new Response(stream).arrayBuffer();
    const size = new DataView(bytes).getUint32(0, true);
    const head = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, size)));
    return { head, arrays: bytes.slice(4 + size) };
  }

  function makeProgram(gl) {
    const program = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    ['place', 'normal', 'uv', 'colour'].forEach((name, i) => gl.bindAttribLocation(program, i, name));
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program) || 'link');
    const places = {};
    const count = gl.getProgramParameter(program, gl.ACTIVE_UNIFORMS);
    for (let i = 0; i < count; i++) {
      const { name } = gl.getActiveUniform(program, i);
      places[name] = gl.getUniformLocation(program, name);
    }
    return { program, places };
  }

  // As bake.py's `_written`: column by column, each integer less the one before it, modulo its size.
  function summed(from, columns, stride = columns) {
    const rows = from.length / columns, to = new from.constructor(rows * stride);
    for (let column = 0; column < columns; column++) {
      for (let row = 0, sum = 0; row < rows; row++) {
        sum = (sum + from[column * rows + row]) | 0;
        to[row * stride + column] = sum;
      }
    }
    return to;
  }

  function makeBatch(gl, batch, arrays) {
    const array = gl.createVertexArray(), { vertices } = batch;
    gl.bindVertexArray(array);
    const fill = (slot, from, columns, stride, kind) => {
      gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
      gl.bufferData(gl.ARRAY_BUFFER, summed(from, columns, stride), gl.STATIC_DRAW);
      gl.enableVertexAttribArray(slot);
      gl.vertexAttribPointer(slot, columns, kind, true, stride * from.BYTES_PER_ELEMENT, 0);
    };
    fill(0, new Uint16Array(arrays, batch.places, 3 * vertices), 3, 4, gl.UNSIGNED_SHORT);
    fill(1, new Int8Array(arrays, batch.normals, 3 * vertices), 3, 4, gl.BYTE);
    fill(2, new Uint16Array(arrays, batch.uvs, 2 * vertices), 2, 2, gl.UNSIGNED_SHORT);
    if (batch.colours === undefined) gl.vertexAttrib4f(3, 1, 1, 1, 1);
    else fill(3, new Uint8Array(arrays, batch.colours, 4 * vertices), 4, 4, gl.UNSIGNED_BYTE);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, summed(new Uint32Array(arrays, batch.order, batch.count), 1), gl.STATIC_DRAW);
    return { ...batch, array };
  }

  async function makeTexture(gl, { uri, wrap }) {
    const image = new Image();
    image.src = uri;
    await image.decode();
    const texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, image);
    gl.generateMipmap(gl.TEXTURE_2D);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_LINEAR);
    const sharp = gl.getExtension('EXT_texture_filter_anisotropic');
    if (sharp) gl.texParameterf(gl.TEXTURE_2D, sharp.TEXTURE_MAX_ANISOTROPY_EXT, 8);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, wrap[0]);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, wrap[1]);
    return texture;
  }

  class Viewer {
    constructor(root, { head, arrays }, places) {
      this.root = root;
      this.canvas = root.querySelector('canvas');
      this.gl = this.canvas.getContext('webgl2', { antialias: true, alpha: true, premultipliedAlpha: false });
      if (!this.gl) throw new Error('no WebGL 2');
      Object.assign(this, makeProgram(this.gl), { box: head.box, marks: places, chosen: null });
      this.batches = head.batches.map((batch) => makeBatch(this.gl, batch, arrays));
      this.textures = [];
      for (const [number, item] of head.textures.entries()) {
        makeTexture(this.gl, item).then((made) => { this.textures[number] = made; this.redraw(); }, () => {});
      }
      this.extent = minus(this.box[1], this.box[0]);
      this.size = Math.max(Math.hypot(...this.extent), 1e-3);
      this.slider = root.querySelector('input[type=range]');
      const floor = Number(root.dataset.floor), top = this.box[1][1];
      this.slider.min = Math.min(floor + 0.1, top);
      this.slider.max = top + 0.01;
      this.slider.step = 'any';
      this.opened = Math.min(Number(root.dataset.cut), Number(this.slider.max));
      this.reset();
      this.listen();
      new ResizeObserver(() => this.redraw()).observe(this.canvas);
    }

    reset() {
      this.slider.value = this.opened;
      this.yaw = 0.64; this.pitch = 0.62;
      this.target = this.box[0].map((low, i) => (low + this.box[1][i]) / 2);
      this.target[1] = Math.min(this.target[1], (this.box[0][1] + this.opened) / 2);
      this.fit();
      this.redraw();
    }

    /** Stand so that the whole box is in the picture, and in its middle. */
    fit() {
      const { back, right, up } = this.frame(), aspect = (this.canvas.clientWidth || 16) / (this.canvas.clientHeight || 9);
      const high = [this.box[1][0], Math.min(this.box[1][1], this.opened), this.box[1][2]];
      const corners = Array.from({ length: 8 }, (_, k) => [0, 1, 2].map((axis) => ((k >> axis) & 1 ? high : this.box[0])[axis]));
      for (let step = 0; step < 8; step++) {
        const flat = corners.map((corner) => minus(corner, this.target)).map((one) => [dot(one, right), dot(one, up), dot(one, back)]);
        this.away = Math.max(0.1, ...flat.map(([x, y, z]) => z + Math.max(Math.abs(x) / (SLOPE * aspect), Math.abs(y) / SLOPE) * 1.06));
        const outline = flat.map(([x, y, z]) => [x, y].map((part) => (part / Math.max(this.away - z, 1e-9)) * this.away));
        const aside = [0, 1].map((axis) => outline.map((one) => one[axis])).map((one) => (Math.min(...one) + Math.max(...one)) / 2);
        this.target = this.target.map((value, i) => value + right[i] * aside[0] + up[i] * aside[1]);
      }
    }

    frame() {
      const flat = Math.cos(this.pitch);
      const back = [Math.sin(this.yaw) * flat, Math.sin(this.pitch), Math.cos(this.yaw) * flat];
      const right = unit(cross([0, 1, 0], back));
      return { back, right, up: cross(back, right) };
    }

    redraw() {
      if (this.waiting) return;
      this.waiting = requestAnimationFrame(() => { this.waiting = 0; this.draw(); });
    }

    matrix(eye, { back, right, up }, aspect) {
      const near = Math.max(this.away / 500, 1e-3), far = this.away + this.size * 2, f = 1 / SLOPE;
      const view = [right[0], up[0], back[0], 0, right[1], up[1], back[1], 0, right[2], up[2], back[2], 0,
        -dot(right, eye), -dot(up, eye), -dot(back, eye), 1];
      const lens = [f / aspect, 0, 0, 0, 0, f, 0, 0, 0, 0, (far + near) / (near - far), -1, 0, 0, (2 * far * near) / (near - far), 0];
      return multiply(lens, view);
    }

    draw() {
      const { gl, canvas, places } = this, scale = Math.min(devicePixelRatio || 1, 2);
      const width = Math.max(1, Math.round(canvas.clientWidth * scale)), height = Math.max(1, Math.round(canvas.clientHeight * scale));
      if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
      gl.viewport(0, 0, width, height);
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
      gl.enable(gl.DEPTH_TEST);
      gl.useProgram(this.program);
      const frame = this.frame(), eye = this.target.map((value, i) => value + frame.back[i] * this.away);
      this.seen = this.matrix(eye, frame, width / height);
      gl.uniformMatrix4fv(places.view, false, this.seen);
      gl.uniform3fv(places.low, this.box[0]);
      gl.uniform3fv(places.extent, this.extent.map((value) => value || 1));
      gl.uniform3fv(places.eye, eye);
      const cut = Number(this.slider.value) >= Number(this.slider.max) - 0.011 ? 1e9 : Number(this.slider.value);
      gl.uniform1f(places.cut, cut);
      for (const isLate of [false, true]) {
        for (const batch of this.batches) if ((batch.mode === 'BLEND') === isLate) this.drawBatch(batch);
      }
      gl.depthMask(true);
      this.placeMarks();
      this.root.dataset.drawn = '1';
    }

    drawBatch(batch) {
      const { gl, places, textures } = this, isBlend = batch.mode === 'BLEND';
      (batch.twoSided ? gl.disable : gl.enable).call(gl, gl.CULL_FACE);
      (isBlend ? gl.enable : gl.disable).call(gl, gl.BLEND);
      gl.blendFuncSeparate(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA, gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
      gl.depthMask(!isBlend);
      gl.uniform4fv(places.base, batch.base);
      gl.uniform3fv(places.glows, batch.glows);
      gl.uniform4fv(places.uvs, batch.uv);
      gl.uniform1f(places.cutoff, batch.cutoff);
      gl.uniform1f(places.metal, batch.metal);
      gl.uniform1i(places.unlit, batch.unlit ? 1 : 0);
      gl.uniform1i(places.mode, ['OPAQUE', 'MASK', 'BLEND'].indexOf(batch.mode));
      ['map', 'glow'].forEach((name, slot) => {
        const texture = batch[name] === undefined ? undefined : textures[batch[name]];
        gl.uniform1i(places[slot ? 'hasGlow' : 'hasMap'], texture ? 1 : 0);
        gl.uniform1i(places[name], slot);
        gl.activeTexture(gl.TEXTURE0 + slot);
        gl.bindTexture(gl.TEXTURE_2D, texture || null);
      });
      gl.bindVertexArray(batch.array);
      gl.drawElements(gl.TRIANGLES, batch.count, gl.UNSIGNED_INT, 0);
    }

    placeMarks() {
      for (const mark of this.root.querySelectorAll('.mark')) {
        const [x, y, z] = JSON.parse(mark.dataset.at), m = this.seen;
        const w = m[3] * x + m[7] * y + m[11] * z + m[15];
        mark.hidden = w <= 0;
        mark.style.left = `${((m[0] * x + m[4] * y + m[8] * z + m[12]) / w * 0.5 + 0.5) * 100}%`;
        mark.style.top = `${(0.5 - (m[1] * x + m[5] * y + m[9] * z + m[13]) / w * 0.5) * 100}%`;
      }
    }

    goTo(at) {
      this.target = [...at];
      this.away = Math.min(this.away, Math.max(this.size / 5, 1));
      this.redraw();
    }

    turn(dx, dy) {
      this.yaw -= dx * 0.008;
      this.pitch = clamp(this.pitch + dy * 0.008, -1.5, 1.55);
      this.redraw();
    }

    slide(dx, dy) {
      const { right, up } = this.frame(), step = (2 * SLOPE * this.away) / (this.canvas.clientHeight || 1);
      this.target = this.target.map((value, i) => value - right[i] * dx * step + up[i] * dy * step);
      this.redraw();
    }

    zoom(factor) {
      this.away = clamp(this.away * factor, this.size / 200, this.size * 5);
      this.redraw();
    }

    listen() {
      const { canvas } = this, held = new Map();
      canvas.addEventListener('pointerdown', (event) => {
        canvas.setPointerCapture(event.pointerId);
        held.set(event.pointerId, event);
      });
      for (const name of ['pointerup', 'pointercancel']) canvas.addEventListener(name, (event) => held.delete(event.pointerId));
      canvas.addEventListener('pointermove', (event) => {
        const before = held.get(event.pointerId);
        if (!before) return;
        const dx = event.clientX - before.clientX, dy = event.clientY - before.clientY;
        const other = [...held.values()].find((one) => one.pointerId !== event.pointerId);
        if (other) {
          const apart = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) || 1;
          this.zoom(apart(before) / apart(event));
          this.slide(dx / 2, dy / 2);
        } else if (event.shiftKey || event.buttons & 6) this.slide(dx, dy);
        else this.turn(dx, dy);
        held.set(event.pointerId, event);
      });
      canvas.addEventListener('contextmenu', (event) => event.preventDefault());
      canvas.addEventListener('wheel', (event) => {
        event.preventDefault();
        this.zoom(Math.exp(clamp(event.deltaY, -200, 200) * 0.0015));
      }, { passive: false });
      canvas.addEventListener('keydown', (event) => {
        const steps = { ArrowLeft: [20, 0], ArrowRight: [-20, 0], ArrowUp: [0, 20], ArrowDown: [0, -20] };
        if (steps[event.key]) (event.shiftKey ? this.slide : this.turn).apply(this, steps[event.key]);
        else if (event.key === '+' || event.key === '=') this.zoom(0.85);
        else if (event.key === '-') this.zoom(1.18);
        else if (event.key === '0') this.reset();
        else return;
        event.preventDefault();
      });
      this.slider.addEventListener('input', () => this.redraw());
      this.root.querySelector('[data-do=reset]').addEventListener('click', () => this.reset());
      this.root.querySelector('[data-do=marks]')?.addEventListener('change', (event) => {
        this.root.classList.toggle('marked', event.target.checked);
      });
      for (const button of document.querySelectorAll('[data-go]')) {
        button.hidden = false;
        button.addEventListener('click', () => {
          this.goTo(JSON.parse(button.dataset.go));
          this.root.scrollIntoView({ behavior: 'smooth', block: 'center' });
        });
      }
    }
  }

  function speak(language) {
    document.documentElement.dataset.lang = document.documentElement.lang = language;
    for (const button of document.querySelectorAll('[data-speak]')) {
      button.setAttribute('aria-pressed', String(button.dataset.speak === language));
    }
    document.title = document.body.dataset[`title${language === 'ru' ? 'Ru' : 'En'}`];
  }
  const wanted = (navigator.languages || [navigator.language]).find((one) => /^(ru|en)/i.test(one)) || 'en';
  speak(/^ru/i.test(wanted) ? 'ru' : 'en');
  for (const button of document.querySelectorAll('[data-speak]')) {
    button.addEventListener('click', () => speak(button.dataset.speak));
  }

  const root = document.querySelector('.viewer'), stream = document.getElementById('scene');
  if (root && stream) {
    unpack(stream.textContent.trim()).then((scene) => {
      window.viewer = new Viewer(root, scene);
      root.classList.add('ready');
    }).catch((reason) => { root.classList.add('failed'); console.warn(String(reason)); });
  }
})();
