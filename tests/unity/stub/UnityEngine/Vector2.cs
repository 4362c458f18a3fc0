// As UnityCsReference has it: Runtime/Export/Math/Vector2.cs, Unity 2021.1.0a2.
using System;
using System.Globalization;

namespace UnityEngine
{
    public struct Vector2 : IEquatable<Vector2>, IFormattable
    {
        public float x;
        public float y;

        public Vector2(float x, float y) { this.x = x; this.y = y; }

        public bool Equals(Vector2 other) { return x.Equals(other.x) && y.Equals(other.y); }

        public override bool Equals(object other) { return other is Vector2 && Equals((Vector2)other); }

        public override int GetHashCode() { return x.GetHashCode() ^ (y.GetHashCode() << 2); }

        public override string ToString() { return ToString(null, null); }

        public string ToString(string format) { return ToString(format, null); }

        public string ToString(string format, IFormatProvider formatProvider)
        {
            format = string.IsNullOrEmpty(format) ? "F2" : format;
            IFormatProvider provider = formatProvider ?? CultureInfo.InvariantCulture;
            return "(" + x.ToString(format, provider) + ", " + y.ToString(format, provider) + ")";
        }
    }
}
