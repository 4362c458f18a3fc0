using System;
using BranchXR.Nodes;
using UnityEngine;

namespace BranchXR
{
    // What the player does, and what is for the player alone.
    public sealed partial class BranchStage
    {
        /// <summary>Somebody says something, or makes a gesture: their name and the words.</summary>
        public event Action<string, string> Heard;

        /// <summary>The branch has something to say to the player: title and text.</summary>
        public event Action<string, string> Noticed;

        /// <summary>The answer to <see cref="FindPath"/>: the anchor, and points of the floor in world space, from the
        /// player to where one stands for it; null when there is no way.</summary>
        public event Action<string, Vector3[]> PathFound;

        /// <summary>Say something to everybody in the branch.</summary>
        /// <exception cref="BranchError"><c>wrong_thread</c>, <c>event_too_long</c>.</exception>
        public void Say(string text)
        {
            new ChatRecord { Text = text }.Write(Session.Fresh());
            Session.Put();
        }

        /// <summary>Make a gesture, such as "wave".</summary>
        /// <exception cref="BranchError"><c>wrong_thread</c>.</exception>
        public void Gesture(string emote)
        {
            new EmoteRecord { Emote = emote }.Write(Session.Fresh());
            Session.Put();
        }

        /// <summary>Tell the script that the player has selected one of its nodes.</summary>
        /// <exception cref="BranchError"><c>wrong_thread</c>.</exception>
        public void Select(BranchNode node)
        {
            new SelectRecord { Path = "", HasNode = true, Index = node.Index, Generation = node.Generation }.Write(Session.Fresh());
            Session.Put();
        }

        /// <summary>Tell the script that the player has selected a live node of the branch's scene.</summary>
        /// <param name="path">Of the node, as in <c>branch.json</c>.</param>
        /// <exception cref="BranchError"><c>wrong_thread</c>, <c>event_too_long</c>.</exception>
        public void Select(string path)
        {
            new SelectRecord { Path = path ?? "" }.Write(Session.Fresh());
            Session.Put();
        }

        /// <summary>Ask for the way from where the player stands to an anchor; <see cref="PathFound"/> answers.</summary>
        /// <param name="anchor">Its path, as in <see cref="BranchAnchor.Path"/>.</param>
        /// <exception cref="BranchError"><c>wrong_thread</c>, <c>event_too_long</c>.</exception>
        public void FindPath(string anchor)
        {
            Transform stands = rig != null ? rig : head != null ? head : transform;
            Vector3 from = Place(stands);
            new GoRecord { Anchor = anchor ?? "", X = from.x, Y = from.y, Z = from.z }.Write(Session.Fresh());
            Session.Put();
        }

        /// <summary>Sign in with the player's passkey, or make one under a name.</summary>
        /// <exception cref="BranchError"><c>wrong_thread</c>.</exception>
        public void SignIn(string newName)
        {
            bool isNew = !string.IsNullOrEmpty(newName);
            new SignInRecord { How = isNew ? "create" : "use", Name = newName ?? "" }.Write(Session.Fresh());
            Session.Put();
        }

        /// <summary>Sign out: the player leaves the branch.</summary>
        /// <exception cref="BranchError"><c>wrong_thread</c>.</exception>
        public void SignOut()
        {
            new SignOutRecord().Write(Session.Fresh());
            Session.Put();
        }

        private void Listen(BranchSession made)
        {
            made.PathFound += OnPath;
            made.Heard += line => Tell(Heard, line.Name, line.Text);
            made.Noticed += notice => Tell(Noticed, notice.Title, notice.Text);
        }

        private void OnPath(PathRecord found)
        {
            Vector3[] points = found.IsFound ? new Vector3[found.Points.Length / 3] : null;
            for (int at = 0; points != null && at < points.Length; at++)
            {
                var point = new Vector3(found.Points[at * 3], found.Points[at * 3 + 1], found.Points[at * 3 + 2]);
                points[at] = transform.TransformPoint(Axes.Position(point));
            }
            Tell(PathFound, found.Anchor, points);
        }

        private static void Tell<TFirst, TSecond>(Action<TFirst, TSecond> listeners, TFirst first, TSecond second)
        {
            if (listeners != null) listeners(first, second);
        }
    }
}
