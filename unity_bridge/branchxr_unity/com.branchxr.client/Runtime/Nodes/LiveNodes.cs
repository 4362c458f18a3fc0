using System;
using System.Collections.Generic;
using UnityEngine;

namespace BranchXR.Nodes
{
    /// <summary>Where scripts have moved the scene's own nodes, and the objects of the game that stand for them.</summary>
    internal sealed class LiveNodes
    {
        internal const int Max = 4096;

        private struct Pose
        {
            internal int Move;
            internal Vector3 Position;
            internal Quaternion? Rotation;
        }

        private readonly Dictionary<string, Pose> poses = new Dictionary<string, Pose>(StringComparer.Ordinal);
        private readonly Transform stage;
        private int moves;

        internal LiveNodes(Transform stage) { this.stage = stage; }

        /// <summary>Take positions of 3 and rotations of 4 floats each, in the branch's axes; no rotations leave turns.</summary>
        /// <exception cref="BranchError"><c>shape_refused</c> or <c>nodes_full</c>.</exception>
        internal void Move(NodePathRow[] paths, float[] positions, float[] rotations)
        {
            BranchNodes.Check(paths.Length, positions, rotations);
            for (int row = 0; row < paths.Length; row++)
            {
                Pose pose;
                bool isKnown = poses.TryGetValue(paths[row].Path, out pose);
                if (!isKnown && poses.Count >= Max)
                {
                    throw new BranchError("nodes_full", "expected at most " + Max + " live nodes, got more", "LiveNodes.Move",
                        "move fewer nodes of the scene");
                }
                int p = row * 3, r = row * 4;
                pose.Move = ++moves;
                pose.Position = new Vector3(positions[p], positions[p + 1], positions[p + 2]);
                if (rotations.Length > 0)
                {
                    pose.Rotation = new Quaternion(rotations[r], rotations[r + 1], rotations[r + 2], rotations[r + 3]);
                }
                poses[paths[row].Path] = pose;
            }
        }

        /// <summary>Let each object of the game stand where its node does; what has not moved costs a look.</summary>
        internal void Show()
        {
            if (poses.Count == 0) return;
            List<BranchLive> all = BranchLive.All;
            for (int index = 0; index < all.Count; index++)
            {
                Pose pose;
                if (!poses.TryGetValue(all[index].Path, out pose) || all[index].Shows(pose.Move)) continue;
                all[index].Stand(pose.Move, stage, pose.Position, pose.Rotation);
            }
        }

        internal void Clear() { poses.Clear(); }
    }
}
