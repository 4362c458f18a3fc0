using System;
using System.Collections.Generic;
using System.Text;

namespace BranchXR.Harness
{
    // Commands without a stage: the layout, byte for byte, and what things cost.
    internal static unsafe class Bench
    {
        internal static string Do(string[] words)
        {
            switch (words[0])
            {
                case "rewrite": return Rewrite(words[1]);
                case "refuses": return Refuses(words[1]);
                default: return Json.Of("error", "no command " + words[0]);
            }
        }

        private static string Refuses(string hex)
        {
            try { Rewrite(hex); }
            catch (BranchError error) { return Json.Of("code", error.Code); }
            return Json.Of("code", "none");
        }

        // Read a record and write it again.
        private static string Rewrite(string hex)
        {
            var record = new byte[hex.Length / 2];
            for (int index = 0; index < record.Length; index++) record[index] = Convert.ToByte(hex.Substring(index * 2, 2), 16);
            var writer = new RecordWriter();
            fixed (byte* from = record)
            {
                var reader = new RecordReader(from + 8, (int)*(uint*)from);
                AnyRecord.Rewrite(*(ushort*)(from + 4), ref reader, writer);
            }
            var text = new StringBuilder();
            for (int index = 0; index < writer.Length; index++) text.Append(writer.Buffer[index].ToString("x2"));
            return Json.Of("hex", text.ToString());
        }
    }
}
