using System;
using System.IO;
using System.Text;
using BranchXR.Panels;

// Says of each line of a file, hexadecimal UTF-16 units, whether the text could deceive: 1 or 0.
internal static class Deceptive
{
    private static void Main(string[] arguments)
    {
        var answers = new StringBuilder();
        foreach (string line in File.ReadLines(arguments[0]))
        {
            var text = new StringBuilder();
            for (int at = 0; at < line.Length; at += 4) text.Append((char)Convert.ToInt32(line.Substring(at, 4), 16));
            answers.Append(DisplayText.IsDeceptive(text.ToString(), 140) ? '1' : '0');
        }
        Console.WriteLine(answers);
    }
}
