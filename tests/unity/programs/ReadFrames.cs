using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using BranchXR.Frames;
using UnityEngine;

// Reads messages and packs poses as a Python test says. A line of the file is `frame HEX` or
// `uplink FLAGS CELL CLIENT_MS` and 24 numbers: origin, then position and rotation of head, left and right. For each
// a line comes out: a frame as JSON or its refusal's code, an uplink as hex.
internal static unsafe class ReadFrames
{
    private static readonly Vector3 Origin = new Vector3(32f, 0f, -64f);

    private static void Main(string[] arguments)
    {
        foreach (string line in File.ReadLines(arguments[0]))
        {
            string[] words = line.Split(' ');
            Console.WriteLine(words[0] == "frame" ? Frame(Bytes(words[1])) : Pack(words));
        }
    }

    private static string Frame(byte[] message)
    {
        // Of exactly its length: whoever reads beyond it is seen by the collector's guard, or reads zeros.
        fixed (byte* start = message.Length == 0 ? new byte[1] : message)
        {
            CellFrame frame;
            string refused = CellFrame.Read(start, message.Length, out frame);
            if (refused != null) return "\"" + refused + "\"";
            var bodies = new List<string>();
            for (int index = 0; index < frame.Count; index++)
            {
                Body body;
                frame.Decode(index, Origin, out body);
                bodies.Add("[" + frame.SlotAt(index) + "," + (int)frame.FlagsAt(index) + "," + frame.AgeMsAt(index) + ","
                    + Text(body.Head) + "," + Text(body.HeadRotation) + "," + Text(body.Left) + "," + Text(body.LeftRotation)
                    + "," + Text(body.Right) + "," + Text(body.RightRotation) + "]");
            }
            return "[" + frame.Cell + "," + frame.Tick + "," + frame.PackedMs + "," + (frame.IsComplete ? "true" : "false")
                + ",[" + string.Join(",", bodies.ToArray()) + "]]";
        }
    }

    private static string Pack(string[] words)
    {
        var numbers = new float[24];
        for (int index = 0; index < 24; index++) numbers[index] = float.Parse(words[4 + index], CultureInfo.InvariantCulture);
        var body = new Body
        {
            Head = Place(numbers, 3), HeadRotation = Turn(numbers, 6), Left = Place(numbers, 10), LeftRotation = Turn(numbers, 13),
            Right = Place(numbers, 17), RightRotation = Turn(numbers, 20),
        };
        var into = new byte[Uplink.Bytes];
        Uplink.Pack(into, 0, ref body, (PoseFlags)int.Parse(words[1]), ushort.Parse(words[2]), Place(numbers, 0), uint.Parse(words[3]));
        return "\"" + BitConverter.ToString(into).Replace("-", "").ToLowerInvariant() + "\"";
    }

    private static Vector3 Place(float[] from, int at) { return new Vector3(from[at], from[at + 1], from[at + 2]); }

    private static Quaternion Turn(float[] from, int at)
    {
        return new Quaternion(from[at], from[at + 1], from[at + 2], from[at + 3]);
    }

    private static string Text(Vector3 v) { return Text(v.x) + "," + Text(v.y) + "," + Text(v.z); }

    private static string Text(Quaternion q) { return Text(q.x) + "," + Text(q.y) + "," + Text(q.z) + "," + Text(q.w); }

    private static string Text(float value) { return value.ToString("R", CultureInfo.InvariantCulture); }

    private static byte[] Bytes(string hex)
    {
        var bytes = new byte[hex.Length / 2];
        for (int index = 0; index < bytes.Length; index++) bytes[index] = Convert.ToByte(hex.Substring(index * 2, 2), 16);
        return bytes;
    }
}
