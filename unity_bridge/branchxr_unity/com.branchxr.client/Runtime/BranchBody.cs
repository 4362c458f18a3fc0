using BranchXR.Frames;
using UnityEngine;

namespace BranchXR
{
    /// <summary>A body in the scene: children Head, Left and Right, moved in the axes of the stage.</summary>
    internal sealed class BranchBody
    {
        private readonly GameObject root;
        private readonly Transform left, right;

        /// <summary>Make one below a transform, from a prefab or, without one, of bare transforms.</summary>
        internal BranchBody(string name, GameObject prefab, Transform parent)
        {
            root = prefab != null ? Object.Instantiate(prefab) : new GameObject();
            root.name = name;
            root.transform.SetParent(parent, false);
            Head = Part("Head");
            left = Part("Left");
            right = Part("Right");
        }

        internal Transform Head { get; private set; }

        /// <summary>Stand as a pose says, which is in the branch's axes. The game may have destroyed it.</summary>
        internal void Pose(ref Body body, PoseFlags flags)
        {
            if (Head == null) return;
            Head.localPosition = Axes.Position(body.Head);
            Head.localRotation = Axes.Viewer(body.HeadRotation);
            if ((flags & PoseFlags.Hands) == 0 || left == null || right == null) return;
            left.localPosition = Axes.Position(body.Left);
            left.localRotation = Axes.Viewer(body.LeftRotation);
            right.localPosition = Axes.Position(body.Right);
            right.localRotation = Axes.Viewer(body.RightRotation);
        }

        internal void Destroy()
        {
            if (root != null) Object.Destroy(root);
        }

        private Transform Part(string part)
        {
            Transform found = root.transform.Find(part);
            if (found != null) return found;
            var made = new GameObject(part);
            made.transform.SetParent(root.transform, false);
            return made.transform;
        }
    }
}
