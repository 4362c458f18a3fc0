using System;
using UnityEngine;

namespace BranchXR.Frames
{
    /// <summary>The pose of the person in front of the screen on its way up: 38 bytes.</summary>
    public static class Uplink
    {
        /// <summary>How long it is.</summary>
        public const int Bytes = 38;

        private const byte Pose = 0x10;

        /// <summary>Pack a pose.</summary>
        /// <param name="into">Takes <see cref="Bytes"/> bytes from <paramref name="offset"/>.</param>
        /// <param name="offset">Where to begin.</param>
        /// <param name="body">In the branch's axes.</param>
        /// <param name="flags">What travels with it; without hands these are left out.</param>
        /// <param name="cell">The cell's number.</param>
        /// <param name="origin">Of the cell, in the branch's axes.</param>
        /// <param name="clientMs">
        /// When it was sampled: the sender's estimate of the server's monotonic milliseconds; wraps.
        /// </param>
        public static void Pack(
            byte[] into, int offset, ref Body body, PoseFlags flags, ushort cell, Vector3 origin, uint clientMs)
        {
            if (into == null) throw new ArgumentNullException("into");
            if (offset < 0 || into.Length - offset < Bytes) throw new ArgumentOutOfRangeException("offset");
            into[offset] = Pose;
            into[offset + 1] = (byte)flags;
            Put16(into, offset + 2, cell);
            Put32(into, offset + 4, clientMs);
            int x = Quantised.Millimetres((double)body.Head.x - origin.x);
            int y = Quantised.Millimetres((double)body.Head.y - origin.y);
            int z = Quantised.Millimetres((double)body.Head.z - origin.z);
            Put(into, offset + 8, x, y, z, body.HeadRotation);
            if ((flags & PoseFlags.Hands) != 0)
            {
                PutHand(into, offset + 18, ref body.Left, body.LeftRotation, origin, x, y, z);
                PutHand(into, offset + 28, ref body.Right, body.RightRotation, origin, x, y, z);
            }
            else
            {
                Put(into, offset + 18, 0, 0, 0, Quaternion.identity);
                Put(into, offset + 28, 0, 0, 0, Quaternion.identity);
            }
        }

        // A hand is its own rounded millimetres minus the head's as sent: at rest it stays at rest.
        private static void PutHand(
            byte[] into, int at, ref Vector3 place, Quaternion rotation, Vector3 origin, int x, int y, int z)
        {
            Put(into, at, Between((double)place.x - origin.x, x), Between((double)place.y - origin.y, y),
                Between((double)place.z - origin.z, z), rotation);
        }

        private static int Between(double metres, int headMm)
        {
            double between = Math.Floor(metres * 1000.0 + 0.5) - headMm;
            if (double.IsNaN(between)) return 0;
            return (int)Math.Max(short.MinValue, Math.Min(short.MaxValue, between));
        }

        private static void Put(byte[] into, int at, int x, int y, int z, Quaternion rotation)
        {
            Put16(into, at, x);
            Put16(into, at + 2, y);
            Put16(into, at + 4, z);
            Put32(into, at + 6, Quantised.PackRotation(rotation));
        }

        private static void Put16(byte[] into, int at, int value)
        {
            into[at] = (byte)value;
            into[at + 1] = (byte)(value >> 8);
        }

        private static void Put32(byte[] into, int at, uint value)
        {
            Put16(into, at, (int)value);
            Put16(into, at + 2, (int)(value >> 16));
        }
    }
}
