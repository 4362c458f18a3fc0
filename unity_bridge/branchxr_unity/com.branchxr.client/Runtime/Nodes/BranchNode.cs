using UnityEngine;

namespace BranchXR.Nodes
{
    /// <summary>Marks a game object as a node that a script has made, for whoever points at it.</summary>
    [AddComponentMenu("")]
    public sealed class BranchNode : MonoBehaviour
    {
        /// <summary>Place in the table.</summary>
        public uint Index { get; internal set; }

        /// <summary>How often that place was given out before.</summary>
        public uint Generation { get; internal set; }

        /// <summary>What it was made from: <c>box</c>, <c>sphere</c>, <c>marker</c>.</summary>
        public string Model { get; internal set; }
    }
}
