// As UnityCsReference has it: Runtime/Export/Math/Color.cs, Unity 2021.1.0a2.
using System;
using System.Globalization;

namespace UnityEngine
{
    public struct Color : IEquatable<Color>, IFormattable
    {
        public float r;
        public float g;
        public float b;
        public float a;

        public Color(float r, float g, float b, float a) { this.r = r; this.g = g; this.b = b; this.a = a; }

        public Color(float r, float g, float b) : this(r, g, b, 1F) { }

        public static Color cyan { get { return new Color(0F, 1F, 1F, 1F); } }

        public bool Equals(Color other)
        {
            return r.Equals(other.r) && g.Equals(other.g) && b.Equals(other.b) && a.Equals(other.a);
        }

        public override bool Equals(object other) { return other is Color && Equals((Color)other); }

        public override int GetHashCode()
        {
            return r.GetHashCode() ^ (g.GetHashCode() << 2) ^ (b.GetHashCode() >> 2) ^ (a.GetHashCode() >> 1);
        }

        public override string ToString() { return ToString(null, null); }

        public string ToString(string format) { return ToString(format, null); }

        public string ToString(string format, IFormatProvider formatProvider)
        {
            format = string.IsNullOrEmpty(format) ? "F3" : format;
            IFormatProvider provider = formatProvider ?? CultureInfo.InvariantCulture;
            return "RGBA(" + r.ToString(format, provider) + ", " + g.ToString(format, provider) + ", "
                + b.ToString(format, provider) + ", " + a.ToString(format, provider) + ")";
        }
    }
}
