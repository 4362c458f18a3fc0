// As UnityCsReference has it: Runtime/Export/Math/Vector3.cs, Unity 2021.1.0a2.
using System;
using System.Globalization;

namespace UnityEngine
{
    public struct Vector3 : IEquatable<Vector3>, IFormattable
    {
        public float x;
        public float y;
        public float z;

        public Vector3(float x, float y, float z) { this.x = x; this.y = y; this.z = z; }

        public Vector3(float x, float y) : this(x, y, 0F) { }

        public static Vector3 zero { get { return new Vector3(0F, 0F, 0F); } }

        public static Vector3 one { get { return new Vector3(1F, 1F, 1F); } }

        public static Vector3 up { get { return new Vector3(0F, 1F, 0F); } }

        public static Vector3 down { get { return new Vector3(0F, -1F, 0F); } }

        public static Vector3 left { get { return new Vector3(-1F, 0F, 0F); } }

        public static Vector3 right { get { return new Vector3(1F, 0F, 0F); } }

        public static Vector3 forward { get { return new Vector3(0F, 0F, 1F); } }

        public static Vector3 back { get { return new Vector3(0F, 0F, -1F); } }

        public float this[int index]
        {
            get
            {
                switch (index)
                {
                    case 0: return x;
                    case 1: return y;
                    case 2: return z;
                    default: throw new IndexOutOfRangeException("Invalid Vector3 index!");
                }
            }
            set
            {
                switch (index)
                {
                    case 0: x = value; break;
                    case 1: y = value; break;
                    case 2: z = value; break;
                    default: throw new IndexOutOfRangeException("Invalid Vector3 index!");
                }
            }
        }

        public float magnitude { get { return (float)Math.Sqrt(sqrMagnitude); } }

        public float sqrMagnitude { get { return x * x + y * y + z * z; } }

        public Vector3 normalized
        {
            get { float length = magnitude; return length > 1e-5f ? this / length : zero; }
        }

        public static Vector3 Cross(Vector3 lhs, Vector3 rhs)
        {
            return new Vector3(lhs.y * rhs.z - lhs.z * rhs.y, lhs.z * rhs.x - lhs.x * rhs.z, lhs.x * rhs.y - lhs.y * rhs.x);
        }

        public static Vector3 Scale(Vector3 a, Vector3 b) { return new Vector3(a.x * b.x, a.y * b.y, a.z * b.z); }

        public static float Distance(Vector3 a, Vector3 b) { return (a - b).magnitude; }

        public static Vector3 operator +(Vector3 a, Vector3 b) { return new Vector3(a.x + b.x, a.y + b.y, a.z + b.z); }

        public static Vector3 operator -(Vector3 a, Vector3 b) { return new Vector3(a.x - b.x, a.y - b.y, a.z - b.z); }

        public static Vector3 operator -(Vector3 a) { return new Vector3(-a.x, -a.y, -a.z); }

        public static Vector3 operator *(Vector3 a, float d) { return new Vector3(a.x * d, a.y * d, a.z * d); }

        public static Vector3 operator *(float d, Vector3 a) { return a * d; }

        public static Vector3 operator /(Vector3 a, float d) { return new Vector3(a.x / d, a.y / d, a.z / d); }

        // Unity calls vectors equal that are nearer than 1e-5.
        public static bool operator ==(Vector3 lhs, Vector3 rhs) { return (lhs - rhs).sqrMagnitude < 1e-5f * 1e-5f; }

        public static bool operator !=(Vector3 lhs, Vector3 rhs) { return !(lhs == rhs); }

        public override int GetHashCode() { return x.GetHashCode() ^ (y.GetHashCode() << 2) ^ (z.GetHashCode() >> 2); }

        public override bool Equals(object other) { return other is Vector3 && Equals((Vector3)other); }

        public bool Equals(Vector3 other) { return x.Equals(other.x) && y.Equals(other.y) && z.Equals(other.z); }

        public override string ToString() { return ToString(null, null); }

        public string ToString(string format) { return ToString(format, null); }

        public string ToString(string format, IFormatProvider formatProvider)
        {
            format = string.IsNullOrEmpty(format) ? "F2" : format;
            IFormatProvider provider = formatProvider ?? CultureInfo.InvariantCulture;
            return "(" + x.ToString(format, provider) + ", " + y.ToString(format, provider) + ", " + z.ToString(format, provider) + ")";
        }
    }
}
