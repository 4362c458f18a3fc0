using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace BranchXR.Panels
{
    /// <summary>The currencies that <c>branchxr.money</c> knows; a test compares the two.</summary>
    public static class Currencies
    {
        private const string Two =
            "AED AMD AUD AZN BRL BYN CAD CHF CNY CZK DKK EUR GBP GEL HKD HUF IDR ILS INR KGS KZT MDL MXN " +
            "NOK NZD PLN RON RSD RUB SAR SEK SGD THB TJS TMT TRY UAH USD UZS ZAR";
        private const string None = "CLP ISK JPY KRW VND";
        private const string Three = "BHD JOD KWD OMR TND";
        private const long MaxMinor = 1000000000000000;

        private static readonly Dictionary<string, int> Exponents = Table();

        /// <summary>Say whether this is an amount above zero with exactly the currency's decimals.</summary>
        public static bool IsPayable(string amount, string currency)
        {
            int decimals;
            if (!Exponents.TryGetValue(currency, out decimals)) return false;
            int whole = decimals == 0 ? amount.Length : amount.Length - decimals - 1;
            if (whole < 1 || whole > 16 || (whole > 1 && amount[0] == '0')) return false;
            for (int at = 0; at < amount.Length; at++)
            {
                bool isRight = at == whole ? amount[at] == '.' : amount[at] >= '0' && amount[at] <= '9';
                if (!isRight) return false;
            }
            decimal minor = decimal.Parse(amount.Replace(".", ""), NumberStyles.None, CultureInfo.InvariantCulture);
            return minor > 0 && minor <= MaxMinor;
        }

        /// <summary>Write an amount for people: thousands apart, the currency's code behind.</summary>
        public static string Spoken(string amount, string currency)
        {
            int point = amount.IndexOf('.');
            var spoken = new StringBuilder(amount);
            for (int at = (point < 0 ? amount.Length : point) - 3; at > 0; at -= 3) spoken.Insert(at, '\u202f');
            return spoken.Append('\u00a0').Append(currency).ToString();
        }

        private static Dictionary<string, int> Table()
        {
            var table = new Dictionary<string, int>(StringComparer.Ordinal);
            foreach (string code in Two.Split(' ')) table.Add(code, 2);
            foreach (string code in None.Split(' ')) table.Add(code, 0);
            foreach (string code in Three.Split(' ')) table.Add(code, 3);
            return table;
        }
    }
}
