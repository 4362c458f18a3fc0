// As UnityCsReference has it: Runtime/Export/Math/Quaternion.cs, Unity 6000.3.0b10.
using System;
using System.Globalization;

namespace UnityEngine
{
    public struct Quaternion : IEquatable<Quaternion>, IFormattable
    {
        public float x;
        public float y;
        public float z;
        public float w;

        public Quaternion(float x, float y, float z, float w) { this.x = x; this.y = y; this.z = z; this.w = w; }

        public static Quaternion identity { get { return new Quaternion(0F, 0F, 0F, 1F); } }

        public Quaternion normalized { get { return Normalize(this); } }

        public static Quaternion Normalize(Quaternion q)
        {
            float length = (float)Math.Sqrt(Dot(q, q));
            if (length < float.Epsilon) return identity;
            return new Quaternion(q.x / length, q.y / length, q.z / length, q.w / length);
        }

        public static float Dot(Quaternion a, Quaternion b) { return a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w; }

        public static Quaternion Inverse(Quaternion rotation)
        {
            return new Quaternion(-rotation.x, -rotation.y, -rotation.z, rotation.w);
        }

        public static Quaternion AngleAxis(float angle, Vector3 axis)
        {
            float half = (float)(angle * Math.PI / 360.0);
            Vector3 part = axis.normalized * (float)Math.Sin(half);
            return new Quaternion(part.x, part.y, part.z, (float)Math.Cos(half));
        }

        // Turns about z, then x, then y.
        public static Quaternion Euler(float x, float y, float z)
        {
            return AngleAxis(y, Vector3.up) * AngleAxis(x, Vector3.right) * AngleAxis(z, Vector3.forward);
        }

        public static Quaternion Euler(Vector3 euler) { return Euler(euler.x, euler.y, euler.z); }

        public static Quaternion operator *(Quaternion lhs, Quaternion rhs)
        {
            return new Quaternion(
                lhs.w * rhs.x + lhs.x * rhs.w + lhs.y * rhs.z - lhs.z * rhs.y,
                lhs.w * rhs.y + lhs.y * rhs.w + lhs.z * rhs.x - lhs.x * rhs.z,
                lhs.w * rhs.z + lhs.z * rhs.w + lhs.x * rhs.y - lhs.y * rhs.x,
                lhs.w * rhs.w - lhs.x * rhs.x - lhs.y * rhs.y - lhs.z * rhs.z);
        }

        public static Vector3 operator *(Quaternion rotation, Vector3 point)
        {
            var axis = new Vector3(rotation.x, rotation.y, rotation.z);
            Vector3 twice = Vector3.Cross(axis, point) * 2F;
            return point + twice * rotation.w + Vector3.Cross(axis, twice);
        }

        public static bool operator ==(Quaternion lhs, Quaternion rhs) { return Dot(lhs, rhs) > 1F - 1e-6f; }

        public static bool operator !=(Quaternion lhs, Quaternion rhs) { return !(lhs == rhs); }

        public override int GetHashCode()
        {
            return x.GetHashCode() ^ (y.GetHashCode() << 2) ^ (z.GetHashCode() >> 2) ^ (w.GetHashCode() >> 1);
        }

        public override bool Equals(object other) { return other is Quaternion && Equals((Quaternion)other); }

        public bool Equals(Quaternion other)
        {
            return x.Equals(other.x) && y.Equals(other.y) && z.Equals(other.z) && w.Equals(other.w);
        }

        public override string ToString() { return ToString(null, null); }

        public string ToString(string format) { return ToString(format, null); }

        public string ToString(string format, IFormatProvider formatProvider)
        {
            format = string.IsNullOrEmpty(format) ? "F5" : format;
            IFormatProvider provider = formatProvider ?? CultureInfo.InvariantCulture;
            return "(" + x.ToString(format, provider) + ", " + y.ToString(format, provider) + ", "
                + z.ToString(format, provider) + ", " + w.ToString(format, provider) + ")";
        }
    }
}
