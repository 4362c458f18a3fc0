// Run the Khronos glTF validator over files: node validate.mjs NPM_FOLDER FILE... -> JSON lines.
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const [npm, ...files] = process.argv.slice(2);
const validator = createRequire(path.join(path.resolve(npm), "package.json"))("gltf-validator");
for (const file of files) {
  const report = await validator.validateBytes(new Uint8Array(fs.readFileSync(file)), {
    maxIssues: 1000,
    uri: file,
  });
  const errors = report.issues.messages.filter((message) => message.severity === 0);
  const triangles = report.info.totalTriangleCount;
  console.log(JSON.stringify({ file, errors, warnings: report.issues.numWarnings, triangles }));
}
