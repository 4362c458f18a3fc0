using System.Collections.Generic;
using UnityEngine;

namespace BranchXR
{
    /// <summary>An object of yours that stands for a node of the branch's scene which scripts may move.</summary>
    /// <remarks>
    /// Put it on a door, a lift, a screen, with the node's path as in <c>branch.json</c>: where a script moves the
    /// node, the object goes, in the axes of the stage. It is told of a move that came before it was there, too.
    /// </remarks>
    [AddComponentMenu("BranchXR/Branch Live Node")]
    [DisallowMultipleComponent]
    public sealed class BranchLive : MonoBehaviour
    {
        private static readonly List<BranchLive> Living = new List<BranchLive>();

        [SerializeField]
        [Tooltip("Names from the root of the scene joined by '/', as in branch.json; only `live` nodes can be moved.")]
        private string path = "";

        // Which move it shows: moves are numbered.
        private int shown;

        /// <summary>Names from the root of the scene joined by <c>/</c>, as in <c>branch.json</c>.</summary>
        public string Path
        {
            get { return path; }
            set
            {
                path = value ?? "";
                shown = 0;
            }
        }

        internal static List<BranchLive> All { get { return Living; } }

        internal bool Shows(int move) { return shown == move; }

        internal void Stand(int move, Transform stage, Vector3 position, Quaternion? rotation)
        {
            shown = move;
            transform.position = stage.TransformPoint(Axes.Position(position));
            if (rotation.HasValue) transform.rotation = stage.rotation * Axes.Rotation(rotation.Value);
        }

        // Without a domain reload statics outlive a play.
        [RuntimeInitializeOnLoadMethod(RuntimeInitializeLoadType.SubsystemRegistration)]
        private static void Forget() { Living.Clear(); }

        private void OnEnable()
        {
            shown = 0;
            Living.Add(this);
        }

        private void OnDisable() { Living.Remove(this); }
    }
}
