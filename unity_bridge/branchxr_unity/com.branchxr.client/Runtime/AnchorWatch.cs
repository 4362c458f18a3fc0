using System;
using System.Collections.Generic;
using UnityEngine;

namespace BranchXR
{
    /// <summary>Notices when the player comes near an anchor: once for each coming, as the page does.</summary>
    internal sealed class AnchorWatch
    {
        private const float ReachM = 1.4f, LeaveMarginM = 0.4f;

        private readonly HashSet<string> near = new HashSet<string>(StringComparer.Ordinal);

        /// <summary>Look where the player stands.</summary>
        /// <param name="anchors">Of the scene.</param>
        /// <param name="head">In the branch's axes.</param>
        /// <param name="arrived">Called for each anchor that the player has come near to.</param>
        internal void Look(AnchorPlaceRow[] anchors, Vector3 head, Action<AnchorPlaceRow> arrived)
        {
            for (int index = 0; index < anchors.Length; index++)
            {
                float x = anchors[index].X - head.x, z = anchors[index].Z - head.z;
                double distanceM = Math.Sqrt(x * x + z * z);
                if (distanceM > ReachM + LeaveMarginM) near.Remove(anchors[index].Path);
                else if (distanceM <= ReachM && near.Add(anchors[index].Path)) arrived(anchors[index]);
            }
        }

        internal void Clear() { near.Clear(); }
    }
}
