using System;
using System.Collections.Generic;
using UnityEngine;

namespace BranchXR.Frames
{
    /// <summary>Takes cell frames, gives bodies for any instant.</summary>
    /// <remarks>
    /// The same rules and numbers as <c>branchxr.protocol.interpolation</c> in Python and
    /// <c>interpolation.ts</c> in the page; a test holds all three against each other.
    /// What is shown is now minus the fastest way a frame took, minus one interval, minus the 95th
    /// percentile of jitter, minus how old this body's samples are when they are sent. Between two
    /// samples: linear, and normalised linear for rotations. After the newest: straight on for 100 ms.
    /// Once it has grown to the number of bodies, neither feeding nor sampling allocates.
    /// Not for several threads at once.
    /// </remarks>
    public sealed class Interpolator
    {
        private const int Ring = 4;
        private const double StartDelayMs = 70;
        private const double ExtrapolateMs = 100;
        private const double MaxDelayMs = 500;
        private const int MaxAgeMs = 255;

        /// <summary>Farther than anybody goes between two samples: a teleport even if its flag was lost.</summary>
        private const float JumpM = 3f;

        /// <summary>A gap of more intervals than this was a rest, not a slow movement.</summary>
        private const int RestIntervals = 4;

        /// <summary>Samples nearer than this are the same one, sent again in a complete frame.</summary>
        private const double SameMs = 5;

        private readonly Transit transit = new Transit();
        private readonly Func<int, Vector3> originOf;

        // By slot: its track and 1, or 0. Tracks are dense: the last one fills the place of one that goes.
        private int[] trackOf = new int[64];
        private Track[] tracks = new Track[64];
        private double[] timesMs = new double[64 * Ring];
        private Body[] samples = new Body[64 * Ring];
        private bool[] isListed = new bool[64];
        private ShownBody[] shown = new ShownBody[64];

        /// <summary>Make one that knows nobody.</summary>
        /// <param name="originOf">Where the axes of a cell begin, in the branch's axes.</param>
        public Interpolator(Func<int, Vector3> originOf)
        {
            if (originOf == null) throw new ArgumentNullException("originOf");
            this.originOf = originOf;
        }

        /// <summary>How many bodies are known.</summary>
        public int Count { get; private set; }

        /// <summary>How far in the past bodies are shown, beside the age of their samples.</summary>
        public double DelayMs
        {
            get
            {
                if (transit.JitterMs < 0) return StartDelayMs;
                return Math.Min(MaxDelayMs, CellFrame.TickMs + transit.JitterMs);
            }
        }

        /// <summary>What <see cref="Sample"/> has found; its first bodies are valid until the next call.</summary>
        public ShownBody[] Shown { get { return shown; } }

        /// <summary>Take a frame.</summary>
        /// <param name="bytes">The message.</param>
        /// <param name="length">Its bytes.</param>
        /// <param name="nowMs">When it arrived, on this side's own clock.</param>
        /// <returns>Null, or why it was refused and left alone: see <see cref="CellFrame.Read"/>.</returns>
        public unsafe string Feed(byte* bytes, int length, double nowMs)
        {
            CellFrame frame;
            string refused = CellFrame.Read(bytes, length, out frame);
            if (refused != null) return refused;
            transit.Note(nowMs - frame.PackedMs);
            if (frame.IsComplete) DropUnlisted(ref frame);
            Vector3 origin = originOf(frame.Cell);
            for (int index = 0; index < frame.Count; index++) Take(ref frame, index, origin);
            return null;
        }

        /// <summary>Take a frame; see the other overload.</summary>
        public unsafe string Feed(byte[] bytes, int offset, int length, double nowMs)
        {
            if (bytes == null) throw new ArgumentNullException("bytes");
            if (offset < 0 || length < 0 || bytes.Length - offset < length)
            {
                throw new ArgumentOutOfRangeException("length");
            }
            // The address of an empty array is none; a frame of no bytes reads none.
            fixed (byte* start = bytes) return Feed(start + offset, length, nowMs);
        }

        /// <summary>Drop a body: its participant left, or the slot has a new generation.</summary>
        public void Remove(int slot)
        {
            if (slot >= 0 && slot < trackOf.Length && trackOf[slot] != 0) Drop(trackOf[slot] - 1);
        }

        /// <summary>Drop the bodies of all cells but these: no frame will say that they have gone.</summary>
        public void KeepCells(ICollection<int> cells)
        {
            for (int index = Count - 1; index >= 0; index--)
            {
                if (!cells.Contains(tracks[index].Cell)) Drop(index);
            }
        }

        /// <summary>Drop all bodies and what is known of the connection.</summary>
        public void Clear()
        {
            Array.Clear(trackOf, 0, trackOf.Length);
            Count = 0;
            transit.Clear();
        }

        /// <summary>Work out all bodies as they are to be shown, by ascending slot.</summary>
        /// <param name="nowMs">An instant of this side's own clock.</param>
        /// <returns>How many; they stand in <see cref="Shown"/>.</returns>
        public int Sample(double nowMs)
        {
            if (shown.Length < Count) shown = new ShownBody[tracks.Length];
            double beforeLagMs = nowMs - transit.FastestMs - DelayMs;
            int count = 0;
            for (int slot = 0; count < Count; slot++)
            {
                int index = trackOf[slot] - 1;
                if (index < 0) continue;
                shown[count].Slot = (ushort)slot;
                shown[count].Flags = tracks[index].Flags;
                shown[count].FloorY = tracks[index].FloorY;
                At(index, beforeLagMs - tracks[index].LagMs, out shown[count].Body);
                count++;
            }
            return count;
        }

        private void DropUnlisted(ref CellFrame frame)
        {
            for (int index = 0; index < frame.Count; index++) SetListed(frame.SlotAt(index), true);
            for (int index = Count - 1; index >= 0; index--)
            {
                int slot = tracks[index].Slot;
                bool isGone = slot >= isListed.Length || !isListed[slot];
                if (isGone && tracks[index].Cell == frame.Cell) Drop(index);
            }
            for (int index = 0; index < frame.Count; index++) SetListed(frame.SlotAt(index), false);
        }

        private void SetListed(int slot, bool value)
        {
            if (slot >= isListed.Length) Array.Resize(ref isListed, SizeFor(slot));
            isListed[slot] = value;
        }

        private void Take(ref CellFrame frame, int record, Vector3 origin)
        {
            int slot = frame.SlotAt(record);
            int ageMs = frame.AgeMsAt(record);
            PoseFlags flags = frame.FlagsAt(record);
            double atMs = frame.PackedMs - ageMs;
            if (slot >= trackOf.Length) Array.Resize(ref trackOf, SizeFor(slot));
            bool isKnown = trackOf[slot] != 0;
            int index = isKnown ? trackOf[slot] - 1 : Begin(slot);
            int newest = index * Ring + tracks[index].Newest;
            if (isKnown && atMs <= timesMs[newest] + SameMs)
            {
                tracks[index].Cell = frame.Cell;
                return;
            }
            tracks[index].Cell = frame.Cell;
            tracks[index].Flags = flags;
            tracks[index].FloorY = origin.y;
            // At rest nothing is sent but complete frames, whose age then says "255 or older".
            if (ageMs < MaxAgeMs) tracks[index].LagMs = Math.Max(ageMs, tracks[index].LagMs * 0.98f);
            int next = index * Ring + (tracks[index].Newest + 1) % Ring;
            frame.Decode(record, origin, out samples[next]);
            tracks[index].Newest = next - index * Ring;
            bool isJump = !isKnown || (flags & PoseFlags.Teleport) != 0
                || IsFar(ref samples[newest].Head, ref samples[next].Head);
            if (isJump)
            {
                Fill(index, next, atMs);
                return;
            }
            // It stood still until just now: let the movement begin one interval ago.
            bool isRest = atMs - timesMs[newest] > RestIntervals * CellFrame.TickMs;
            if (isRest) timesMs[newest] = atMs - CellFrame.TickMs;
            timesMs[next] = atMs;
        }

        private static bool IsFar(ref Vector3 a, ref Vector3 b)
        {
            float x = b.x - a.x, y = b.y - a.y, z = b.z - a.z;
            return x * x + y * y + z * z > JumpM * JumpM;
        }

        private void Fill(int index, int from, double atMs)
        {
            for (int sample = index * Ring; sample < (index + 1) * Ring; sample++)
            {
                timesMs[sample] = atMs;
                if (sample != from) samples[sample] = samples[from];
            }
        }

        private int Begin(int slot)
        {
            if (Count == tracks.Length) Grow();
            tracks[Count] = new Track { Slot = (ushort)slot };
            trackOf[slot] = Count + 1;
            return Count++;
        }

        private void Drop(int index)
        {
            trackOf[tracks[index].Slot] = 0;
            int last = --Count;
            if (index == last) return;
            tracks[index] = tracks[last];
            trackOf[tracks[index].Slot] = index + 1;
            Array.Copy(timesMs, last * Ring, timesMs, index * Ring, Ring);
            Array.Copy(samples, last * Ring, samples, index * Ring, Ring);
        }

        // Slots are 16 bits: no frame can make this larger than 65,536 bodies, 24 MB.
        private void Grow()
        {
            int size = tracks.Length * 2;
            Array.Resize(ref tracks, size);
            Array.Resize(ref timesMs, size * Ring);
            Array.Resize(ref samples, size * Ring);
        }

        private static int SizeFor(int slot)
        {
            int size = 64;
            while (size <= slot) size *= 2;
            return size;
        }

        private void At(int index, double shownMs, out Body body)
        {
            int start = index * Ring;
            int oldest = tracks[index].Newest + 1;
            int passed = 0;
            for (int sample = 0; sample < Ring - 1; sample++)
            {
                if (timesMs[start + (oldest + sample) % Ring] <= shownMs) passed++;
            }
            int segment = Math.Min(Ring - 2, Math.Max(0, passed - 1));
            int from = start + (oldest + segment) % Ring;
            int to = start + (oldest + segment + 1) % Ring;
            double spanMs = Math.Max(timesMs[to] - timesMs[from], 1);
            // Two samples that came close together say little about speed: at most three spans on.
            double limit = 1 + Math.Min(ExtrapolateMs / spanMs, 3);
            double share = Math.Min(limit, Math.Max(0, (shownMs - timesMs[from]) / spanMs));
            Blend(ref samples[from], ref samples[to], (float)share, out body);
        }

        private static void Blend(ref Body a, ref Body b, float share, out Body body)
        {
            Lerp(ref a.Head, ref b.Head, share, out body.Head);
            Nlerp(ref a.HeadRotation, ref b.HeadRotation, share, out body.HeadRotation);
            Lerp(ref a.Left, ref b.Left, share, out body.Left);
            Nlerp(ref a.LeftRotation, ref b.LeftRotation, share, out body.LeftRotation);
            Lerp(ref a.Right, ref b.Right, share, out body.Right);
            Nlerp(ref a.RightRotation, ref b.RightRotation, share, out body.RightRotation);
        }

        private static void Lerp(ref Vector3 a, ref Vector3 b, float share, out Vector3 mixed)
        {
            mixed.x = a.x + (b.x - a.x) * share;
            mixed.y = a.y + (b.y - a.y) * share;
            mixed.z = a.z + (b.z - a.z) * share;
        }

        // Turn from one rotation towards another the short way, and normalise.
        private static void Nlerp(ref Quaternion a, ref Quaternion b, float share, out Quaternion mixed)
        {
            float dot = a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w;
            float towards = dot < 0 ? -share : share;
            float x = a.x * (1 - share) + b.x * towards;
            float y = a.y * (1 - share) + b.y * towards;
            float z = a.z * (1 - share) + b.z * towards;
            float w = a.w * (1 - share) + b.w * towards;
            float length = (float)Math.Sqrt(x * x + y * y + z * z + w * w);
            // Extrapolated halves of opposite rotations may cancel out: keep the start then.
            if (length > 1e-6f)
            {
                float scale = 1f / length;
                mixed.x = x * scale;
                mixed.y = y * scale;
                mixed.z = z * scale;
                mixed.w = w * scale;
            }
            else
            {
                mixed = a;
            }
        }
    }
}
