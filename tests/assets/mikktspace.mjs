// Tangents by the original, compiled to WebAssembly: node mikktspace.mjs NPM_FOLDER POSITIONS NORMALS UVS OUT
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const [npm, ...files] = process.argv.slice(2);
const { generateTangents } = createRequire(path.join(path.resolve(npm), 'package.json'))('mikktspace');
const floats = (file) => new Float32Array(new Uint8Array(fs.readFileSync(file)).buffer);
fs.writeFileSync(files[3], generateTangents(...files.slice(0, 3).map(floats)));
