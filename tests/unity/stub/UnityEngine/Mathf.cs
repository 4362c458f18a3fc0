using System;

namespace UnityEngine
{
    public struct Mathf
    {
        public const float PI = (float)Math.PI;
        public const float Deg2Rad = PI * 2F / 360F;
        public const float Rad2Deg = 1F / Deg2Rad;

        public static float Abs(float f) { return Math.Abs(f); }

        public static float Clamp(float value, float min, float max)
        {
            return value < min ? min : value > max ? max : value;
        }

        public static int Clamp(int value, int min, int max)
        {
            return value < min ? min : value > max ? max : value;
        }

        public static float Clamp01(float value) { return Clamp(value, 0f, 1f); }

        public static float Lerp(float a, float b, float t) { return a + (b - a) * Clamp01(t); }

        public static float Max(float a, float b) { return a > b ? a : b; }

        public static int Max(int a, int b) { return a > b ? a : b; }

        public static float Min(float a, float b) { return a < b ? a : b; }

        public static int Min(int a, int b) { return a < b ? a : b; }

        public static float Sqrt(float f) { return (float)Math.Sqrt(f); }

        public static bool Approximately(float a, float b)
        {
            return Abs(b - a) < Max(0.000001f * Max(Abs(a), Abs(b)), float.Epsilon * 8);
        }
    }
}
