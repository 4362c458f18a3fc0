using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using BranchXR.Frames;
using UnityEngine;

// Feeds frames as a Python test says and prints what is shown. A line of the file is
// `origin X Y Z` (of all cells), `feed NOW HEX`, `remove SLOT`, `keep CELL...` or `sample NOW`; for each sample a
// line of JSON comes out, for each refused frame its code.
internal static class Interpolate
{
    private static readonly Interpolator Bodies = new Interpolator(cell => origin);
    private static Vector3 origin;

    private static void Main(string[] arguments)
    {
        foreach (string line in File.ReadLines(arguments[0])) Do(line.Split(' '));
    }

    private static void Do(string[] words)
    {
        switch (words[0])
        {
            case "origin":
                origin = new Vector3((float)Number(words[1]), (float)Number(words[2]), (float)Number(words[3]));
                break;
            case "feed":
                byte[] bytes = Bytes(words[2]);
                string refused = Bodies.Feed(bytes, 0, bytes.Length, Number(words[1]));
                if (refused != null) Console.WriteLine("\"" + refused + "\"");
                break;
            case "remove":
                Bodies.Remove(int.Parse(words[1]));
                break;
            case "keep":
                var cells = new HashSet<int>();
                for (int index = 1; index < words.Length; index++) cells.Add(int.Parse(words[index]));
                Bodies.KeepCells(cells);
                break;
            case "sample":
                Print(Bodies.Sample(Number(words[1])));
                break;
            default:
                throw new ArgumentException(words[0]);
        }
    }

    private static void Print(int count)
    {
        var texts = new List<string>();
        for (int index = 0; index < count; index++)
        {
            ShownBody shown = Bodies.Shown[index];
            Body body = shown.Body;
            texts.Add("{\"slot\":" + shown.Slot + ",\"flags\":" + (int)shown.Flags
                + ",\"floor\":" + Text(shown.FloorY)
                + ",\"positions\":[" + Text(body.Head) + "," + Text(body.Left) + "," + Text(body.Right)
                + "],\"rotations\":[" + Text(body.HeadRotation) + "," + Text(body.LeftRotation) + ","
                + Text(body.RightRotation) + "]}");
        }
        Console.WriteLine("[" + string.Join(",", texts.ToArray()) + "]");
    }

    private static string Text(Vector3 v) { return "[" + Text(v.x) + "," + Text(v.y) + "," + Text(v.z) + "]"; }

    private static string Text(Quaternion q)
    {
        return "[" + Text(q.x) + "," + Text(q.y) + "," + Text(q.z) + "," + Text(q.w) + "]";
    }

    private static string Text(float value) { return value.ToString("R", CultureInfo.InvariantCulture); }

    private static double Number(string text) { return double.Parse(text, CultureInfo.InvariantCulture); }

    private static byte[] Bytes(string hex)
    {
        var bytes = new byte[hex.Length / 2];
        for (int index = 0; index < bytes.Length; index++)
        {
            bytes[index] = Convert.ToByte(hex.Substring(index * 2, 2), 16);
        }
        return bytes;
    }
}
