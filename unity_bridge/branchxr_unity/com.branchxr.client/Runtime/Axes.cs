using UnityEngine;

namespace BranchXR
{
    /// <summary>The one place where the branch's axes become Unity's, and back.</summary>
    /// <remarks>
    /// A branch is right-handed (glTF, WebXR: metres, +Y up), Unity is left-handed. Both are joined by
    /// mirroring X, as glTFast does with the scene: bodies mirrored along another axis would stand
    /// reflected in it. A viewer or a controller of WebXR looks along its own -Z, a transform of Unity
    /// along +Z: heads and hands take an extra half turn about their own Y.
    /// Each conversion is its own inverse.
    /// </remarks>
    public static class Axes
    {
        /// <summary>Convert a position, in metres, in either direction.</summary>
        public static Vector3 Position(Vector3 position)
        {
            return new Vector3(-position.x, position.y, position.z);
        }

        /// <summary>Convert the rotation of a node of the scene, in either direction.</summary>
        public static Quaternion Rotation(Quaternion rotation)
        {
            return new Quaternion(rotation.x, -rotation.y, -rotation.z, rotation.w);
        }

        /// <summary>Convert the rotation of a head or a hand, in either direction.</summary>
        public static Quaternion Viewer(Quaternion rotation)
        {
            // Rotation(rotation) * (0, 1, 0, 0), multiplied out.
            return new Quaternion(rotation.z, rotation.w, rotation.x, rotation.y);
        }
    }
}
