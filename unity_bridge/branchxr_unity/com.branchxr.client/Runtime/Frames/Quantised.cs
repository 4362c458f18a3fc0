using System;
using UnityEngine;

namespace BranchXR.Frames
{
    /// <summary>Millimetres and rotations as they are on the wire; <c>docs/protocol.md</c>.</summary>
    /// <remarks>The same numbers as <c>branchxr.protocol.pose</c>; <c>tests/vectors</c> holds both.</remarks>
    public static class Quantised
    {
        private const double Sqrt2 = 1.4142135623730951;

        /// <summary>What a component of exactly 0 is; 10 bits hold 0 to 1022.</summary>
        private const int Zero = 511;

        private const float PerStep = (float)(1.0 / (Sqrt2 * Zero));

        /// <summary>Round metres as every language can, <c>floor(x + 0.5)</c>, within 16 bits.</summary>
        /// <param name="metres">What is no number becomes 0.</param>
        public static int Millimetres(double metres)
        {
            double rounded = Math.Floor(metres * 1000.0 + 0.5);
            if (rounded >= short.MaxValue) return short.MaxValue;
            if (rounded <= short.MinValue) return short.MinValue;
            return double.IsNaN(rounded) ? 0 : (int)rounded;
        }

        /// <summary>Pack a unit quaternion into 32 bits, smallest three.</summary>
        public static uint PackRotation(double x, double y, double z, double w)
        {
            int largest = 0;
            double most = Math.Abs(x);
            if (Math.Abs(y) > most) { largest = 1; most = Math.Abs(y); }
            if (Math.Abs(z) > most) { largest = 2; most = Math.Abs(z); }
            if (Math.Abs(w) > most) largest = 3;
            double sign = (largest == 0 ? x : largest == 1 ? y : largest == 2 ? z : w) < 0 ? -1 : 1;
            uint bits = (uint)largest;
            if (largest != 0) bits = bits << 10 | Step(sign * x);
            if (largest != 1) bits = bits << 10 | Step(sign * y);
            if (largest != 2) bits = bits << 10 | Step(sign * z);
            if (largest != 3) bits = bits << 10 | Step(sign * w);
            return bits;
        }

        /// <summary>Pack a unit quaternion into 32 bits, smallest three.</summary>
        public static uint PackRotation(Quaternion rotation)
        {
            return PackRotation(rotation.x, rotation.y, rotation.z, rotation.w);
        }

        /// <summary>Unpack 32 bits into a unit quaternion, whatever the bits are.</summary>
        public static void UnpackRotation(uint bits, out Quaternion rotation)
        {
            float a = ((int)(bits >> 20 & 1023) - Zero) * PerStep;
            float b = ((int)(bits >> 10 & 1023) - Zero) * PerStep;
            float c = ((int)(bits & 1023) - Zero) * PerStep;
            float square = a * a + b * b + c * c;
            float largest = 0f;
            if (square > 1f)
            {
                // No honest sender exceeds 1, but the bits can: then the largest is 0, the rest is scaled.
                float scale = 1f / (float)Math.Sqrt(square);
                a *= scale;
                b *= scale;
                c *= scale;
            }
            else
            {
                largest = (float)Math.Sqrt(1f - square);
            }
            switch (bits >> 30)
            {
                case 0: rotation.x = largest; rotation.y = a; rotation.z = b; rotation.w = c; break;
                case 1: rotation.x = a; rotation.y = largest; rotation.z = b; rotation.w = c; break;
                case 2: rotation.x = a; rotation.y = b; rotation.z = largest; rotation.w = c; break;
                default: rotation.x = a; rotation.y = b; rotation.z = c; rotation.w = largest; break;
            }
        }

        private static uint Step(double component)
        {
            double step = Zero + Math.Floor(component * Sqrt2 * Zero + 0.5);
            // Written so that what is no number becomes 0 as well.
            return step > 0 ? (uint)Math.Min(2 * Zero, step) : 0u;
        }
    }
}
