using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace BranchXR.Harness
{
    // Writes what the tests read; the package itself knows no JSON.
    internal sealed class Json
    {
        private readonly StringBuilder text = new StringBuilder("{");

        internal static string Of(string name, object value) { return new Json().Add(name, value).ToString(); }

        internal static string Number(double value) { return value.ToString("R", CultureInfo.InvariantCulture); }

        internal Json Add(string name, object value)
        {
            if (text.Length > 1) text.Append(',');
            Quote(name);
            text.Append(':');
            Value(value);
            return this;
        }

        public override string ToString() { return text + "}"; }

        private void Value(object value)
        {
            if (value == null) text.Append("null");
            else if (value is string) Quote((string)value);
            else if (value is bool) text.Append((bool)value ? "true" : "false");
            else if (value is Json) text.Append(value);
            else if (value is System.Collections.IEnumerable) Values((System.Collections.IEnumerable)value);
            else text.Append(System.Convert.ToString(value, CultureInfo.InvariantCulture));
        }

        private void Values(System.Collections.IEnumerable values)
        {
            text.Append('[');
            bool isFirst = true;
            foreach (object value in values)
            {
                if (!isFirst) text.Append(',');
                isFirst = false;
                Value(value);
            }
            text.Append(']');
        }

        private void Quote(string value)
        {
            text.Append('"');
            foreach (char one in value)
            {
                if (one == '"' || one == '\\') text.Append('\\').Append(one);
                else if (one < ' ' || one > '~') text.Append("\\u").Append(((int)one).ToString("x4"));
                else text.Append(one);
            }
            text.Append('"');
        }
    }
}
