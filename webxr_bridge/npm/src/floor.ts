/** The walkable grid of `branch.json`, as in `branchxr.protocol.floor`; the page's own walls. */

export interface FloorJson {
  cell_m: number;
  origin: [number, number];
  size: [number, number];
  height: number;
  cells: string;
}

export class Floor {
  private constructor(
    readonly height: number,
    private readonly origin: [number, number],
    private readonly size: [number, number],
    private readonly cellM: number,
    private readonly bits: Uint8Array,
  ) {}

  /** Read the `floor` object; `null` (a scene without a grid) lets a body walk everywhere. */
  static fromJson(json: FloorJson | null | undefined): Floor | null {
    if (!json) return null;
    const bits = Uint8Array.from(atob(json.cells), (character) => character.charCodeAt(0));
    return new Floor(json.height, json.origin, json.size, json.cell_m, bits);
  }

  isWalkable(x: number, z: number): boolean {
    const column = Math.floor((x - this.origin[0]) / this.cellM);
    const row = Math.floor((z - this.origin[1]) / this.cellM);
    const [columns, rows] = this.size;
    if (column < 0 || row < 0 || column >= columns || row >= rows) return false;
    const index = row * columns + column;
    return ((this.bits[index >> 3]! >> (index & 7)) & 1) === 1; // lowest bit first
  }

  /**
   * Move by a step as far as the floor allows, sliding along what is in the way.
   *
   * Steps are cut to half a cell, so that no wall is stepped over. A body that already stands off
   * the grid (it was seated, or teleported) may move freely until it is back on it.
   */
  slide(x: number, z: number, dx: number, dz: number): [number, number] {
    if (!this.isWalkable(x, z)) return [x + dx, z + dz];
    const parts = Math.max(1, Math.ceil(Math.hypot(dx, dz) / (this.cellM / 2)));
    for (let part = 0; part < parts; part++) {
      const [stepX, stepZ] = [dx / parts, dz / parts];
      if (this.isWalkable(x + stepX, z + stepZ)) [x, z] = [x + stepX, z + stepZ];
      else if (this.isWalkable(x + stepX, z)) x += stepX;
      else if (this.isWalkable(x, z + stepZ)) z += stepZ;
      else break;
    }
    return [x, z];
  }
}
