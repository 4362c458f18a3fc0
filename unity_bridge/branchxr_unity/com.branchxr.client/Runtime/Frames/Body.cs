using UnityEngine;

namespace BranchXR.Frames
{
    /// <summary>Head and two hands at an instant.</summary>
    /// <remarks>
    /// In the branch's axes: metres, right-handed, +Y up; hands are absolute, as the head is, and all
    /// three look along their own -Z. <see cref="Axes"/> makes Unity's of them.
    /// </remarks>
    public struct Body
    {
        /// <summary>Between the eyes.</summary>
        public Vector3 Head;

        /// <summary>Unit quaternion.</summary>
        public Quaternion HeadRotation;

        /// <summary>Left hand; nothing, where the flags lack <see cref="PoseFlags.Hands"/>.</summary>
        public Vector3 Left;

        /// <summary>Unit quaternion.</summary>
        public Quaternion LeftRotation;

        /// <summary>Right hand; nothing, where the flags lack <see cref="PoseFlags.Hands"/>.</summary>
        public Vector3 Right;

        /// <summary>Unit quaternion.</summary>
        public Quaternion RightRotation;
    }
}
