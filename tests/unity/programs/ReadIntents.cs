using System;
using System.IO;
using BranchXR;
using BranchXR.Panels;

// Reads each line of a file, hexadecimal bytes, as an intent: prints its challenge, or why it is refused.
internal static class ReadIntents
{
    private static void Main(string[] arguments)
    {
        foreach (string line in File.ReadLines(arguments[0]))
        {
            var bytes = new byte[line.Length / 2];
            for (int at = 0; at < bytes.Length; at++) bytes[at] = Convert.ToByte(line.Substring(at * 2, 2), 16);
            try
            {
                Console.WriteLine(BitConverter.ToString(Intent.Read(bytes).Challenge()).Replace("-", "").ToLowerInvariant());
            }
            catch (BranchError error)
            {
                Console.WriteLine(error.Code);
            }
        }
    }
}
