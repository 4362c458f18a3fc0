namespace BranchXR.Panels
{
    /// <summary>Looks code points up in the tables.</summary>
    internal static class Ranges
    {
        /// <summary>Find the row whose first two numbers enclose a code point; -1 if none does.</summary>
        internal static int Find(int[] table, int width, int code)
        {
            int low = 0;
            int high = table.Length / width - 1;
            while (low <= high)
            {
                int middle = (low + high) / 2;
                if (code < table[middle * width]) high = middle - 1;
                else if (code > table[middle * width + 1]) low = middle + 1;
                else return middle;
            }
            return -1;
        }
    }
}
