using System.Collections.Generic;
using UnityEngine;

namespace BranchXR
{
    /// <summary>A named place of the branch's scene: spawn, counter, seat, atm, panel, queue.</summary>
    /// <remarks>
    /// The stage makes one for each anchor that the branch names. A game object of your own with this component
    /// and the anchor's path is taken instead, and moved to where the branch has it: hang your own models there.
    /// </remarks>
    [AddComponentMenu("BranchXR/Branch Anchor")]
    [DisallowMultipleComponent]
    public sealed class BranchAnchor : MonoBehaviour
    {
        private static readonly List<BranchAnchor> Living = new List<BranchAnchor>();

        [SerializeField]
        [Tooltip("Names from the root of the scene joined by '/', as in branch.json.")]
        private string path = "";

        [SerializeField]
        [Tooltip("What it is for; the branch says so when it connects.")]
        private string kind = "";

        /// <summary>Names from the root of the scene joined by <c>/</c>, as in <c>branch.json</c>.</summary>
        public string Path { get { return path; } }

        /// <summary>What it is for.</summary>
        public string Kind { get { return kind; } }

        /// <summary>All that are enabled.</summary>
        public static IList<BranchAnchor> All { get { return Living.AsReadOnly(); } }

        /// <summary>Find an enabled anchor by its path, or null.</summary>
        public static BranchAnchor Find(string path)
        {
            foreach (BranchAnchor one in Living)
            {
                if (one.path == path) return one;
            }
            return null;
        }

        /// <summary>Put an anchor where the branch has it; make it, if the scene has none of that path.</summary>
        /// <param name="path">Of the anchor.</param>
        /// <param name="kind">What it is for.</param>
        /// <param name="position">In the branch's axes.</param>
        /// <param name="rotation">In the branch's axes.</param>
        /// <param name="parent">Whose axes are the branch's, mirrored; of one that is made.</param>
        public static BranchAnchor Place(
            string path, string kind, Vector3 position, Quaternion rotation, Transform parent)
        {
            BranchAnchor anchor = Find(path);
            if (anchor == null)
            {
                var made = new GameObject("anchor " + path);
                made.transform.SetParent(parent, false);
                anchor = made.AddComponent<BranchAnchor>();
                anchor.path = path;
            }
            anchor.kind = kind;
            Vector3 place = Axes.Position(position);
            Quaternion turn = Axes.Rotation(rotation);
            if (parent != null)
            {
                place = parent.TransformPoint(place);
                turn = parent.rotation * turn;
            }
            anchor.transform.SetPositionAndRotation(place, turn);
            return anchor;
        }

        // Without a domain reload statics outlive a play.
        [RuntimeInitializeOnLoadMethod(RuntimeInitializeLoadType.SubsystemRegistration)]
        private static void Forget() { Living.Clear(); }

        private void OnEnable() { Living.Add(this); }

        private void OnDisable() { Living.Remove(this); }

        private void OnDrawGizmos()
        {
            Gizmos.color = Color.cyan;
            Gizmos.DrawWireSphere(transform.position, 0.1f);
            Gizmos.DrawLine(transform.position, transform.position + transform.forward * 0.3f);
        }
    }
}
