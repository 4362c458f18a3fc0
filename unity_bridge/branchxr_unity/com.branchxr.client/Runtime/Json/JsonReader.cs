using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace BranchXR.Json
{
    /// <summary>Reads JSON and refuses what readers disagree about (RFC 7493), as Python's side does.</summary>
    /// <remarks>
    /// That is: duplicate keys, NaN, integers of 2**53 or more, half a surrogate pair, UTF-8 that is none.
    /// Objects become <c>Dictionary&lt;string, object&gt;</c>, arrays <c>List&lt;object&gt;</c>; the rest is
    /// string, long (written without point and exponent), double, bool or null.
    /// </remarks>
    public sealed class JsonReader
    {
        private const long MaxInteger = (1L << 53) - 1; // RFC 7493 section 2.2

        /// <summary>Deeper than anything honest, and far from the end of a thread's stack.</summary>
        private const int MaxDepth = 512;

        private static readonly UTF8Encoding Strict = new UTF8Encoding(false, true);
        private readonly string text;
        private int at;
        private int depth;

        private JsonReader(string text) { this.text = text; }

        /// <summary>Read one value.</summary>
        /// <exception cref="BranchError"><c>json_malformed</c> or <c>json_duplicate_key</c>.</exception>
        public static object Read(byte[] utf8)
        {
            if (utf8 == null) throw new ArgumentNullException("utf8");
            string text;
            try
            {
                text = Strict.GetString(utf8);
            }
            catch (ArgumentException error)
            {
                throw Refused("json_malformed", "bytes that are no UTF-8", error);
            }
            var reader = new JsonReader(text);
            object value = reader.Value();
            reader.Space();
            if (reader.at < text.Length) throw reader.Malformed("something after the value");
            return value;
        }

        private object Value()
        {
            Space();
            if (at >= text.Length) throw Malformed("the end");
            switch (text[at])
            {
                case '{': return Deeper(Object);
                case '[': return Deeper(Array);
                case '"': return String();
                case 't': return Word("true", true);
                case 'f': return Word("false", false);
                case 'n': return Word("null", null);
                default: return Number();
            }
        }

        private object Deeper(Func<object> read)
        {
            if (++depth > MaxDepth) throw Malformed("nesting without end");
            at++;
            object value = read();
            depth--;
            return value;
        }

        private object Object()
        {
            var members = new Dictionary<string, object>(StringComparer.Ordinal);
            Space();
            if (Took('}')) return members;
            do
            {
                Space();
                if (at >= text.Length || text[at] != '"') throw Malformed("no key");
                string key = String();
                Space();
                if (!Took(':')) throw Malformed("no colon");
                object value = Value();
                if (members.ContainsKey(key)) throw Refused("json_duplicate_key", "a key that comes twice", null);
                members.Add(key, value);
                Space();
            }
            while (Took(','));
            if (!Took('}')) throw Malformed("no end of an object");
            return members;
        }

        private object Array()
        {
            var items = new List<object>();
            Space();
            if (Took(']')) return items;
            do
            {
                items.Add(Value());
                Space();
            }
            while (Took(','));
            if (!Took(']')) throw Malformed("no end of an array");
            return items;
        }

        private string String()
        {
            var made = new StringBuilder();
            for (at++; at < text.Length && text[at] != '"'; at++)
            {
                char one = text[at];
                if (one < ' ') throw Malformed("a control character");
                made.Append(one == '\\' ? Escape() : one);
            }
            if (!Took('"')) throw Malformed("no end of a string");
            string value = made.ToString();
            for (int index = 0; index < value.Length; index++)
            {
                if (!char.IsSurrogate(value[index])) continue;
                if (!char.IsSurrogatePair(value, index)) throw Malformed("half a surrogate pair");
                index++;
            }
            return value;
        }

        private char Escape()
        {
            if (++at >= text.Length) throw Malformed("the end");
            switch (text[at])
            {
                case '"': return '"';
                case '\\': return '\\';
                case '/': return '/';
                case 'b': return '\b';
                case 'f': return '\f';
                case 'n': return '\n';
                case 'r': return '\r';
                case 't': return '\t';
                case 'u': break;
                default: throw Malformed("an unknown escape");
            }
            int code = 0;
            for (int digit = 0; digit < 4; digit++)
            {
                int value = ++at < text.Length ? "0123456789abcdef".IndexOf(char.ToLowerInvariant(text[at])) : -1;
                if (value < 0) throw Malformed("an escape without four digits");
                code = code << 4 | value;
            }
            return (char)code;
        }

        private object Number()
        {
            int start = at;
            Took('-');
            if (!Took('0')) Digits();
            bool isInteger = true;
            if (Took('.'))
            {
                isInteger = false;
                Digits();
            }
            if (Took('e') || Took('E'))
            {
                isInteger = false;
                if (!Took('+')) Took('-');
                Digits();
            }
            string digits = text.Substring(start, at - start);
            return isInteger ? Integer(digits) : Real(digits);
        }

        private void Digits()
        {
            int start = at;
            while (at < text.Length && text[at] >= '0' && text[at] <= '9') at++;
            if (at == start) throw Malformed("no value");
        }

        private object Integer(string digits)
        {
            long value = digits.Length <= 17 ? long.Parse(digits, CultureInfo.InvariantCulture) : long.MaxValue;
            if (value > MaxInteger || value < -MaxInteger) throw Malformed("an integer beyond 2**53");
            return value;
        }

        private object Real(string digits)
        {
            double value;
            bool isRead = double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out value);
            if (!isRead || double.IsInfinity(value)) throw Malformed("a number beyond a double");
            return value;
        }

        private object Word(string word, object value)
        {
            if (string.CompareOrdinal(text, at, word, 0, word.Length) != 0) throw Malformed("no value");
            at += word.Length;
            return value;
        }

        private bool Took(char one)
        {
            if (at >= text.Length || text[at] != one) return false;
            at++;
            return true;
        }

        private void Space()
        {
            while (at < text.Length && " \t\n\r".IndexOf(text[at]) >= 0) at++;
        }

        private BranchError Malformed(string came)
        {
            return Refused("json_malformed", came + " after " + at + " characters", null);
        }

        // Quotes nothing of the text: it may hold what belongs in no log.
        private static BranchError Refused(string code, string came, Exception inner)
        {
            return new BranchError(code, "expected JSON as RFC 7493 (I-JSON) allows, got " + came,
                "JsonReader.Read", "send other JSON", inner);
        }
    }
}
