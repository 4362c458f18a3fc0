using System;
using System.Collections.Generic;
using System.IO;
using BranchXR.Json;
using UnityEngine;

namespace BranchXR.VectorTests
{
    /// <summary>The files that the Python, C# and TypeScript tests share.</summary>
    internal static class Vectors
    {
        internal static Dictionary<string, object> Load(string name)
        {
            string folder = Environment.GetEnvironmentVariable("BRANCHXR_VECTORS");
            return (Dictionary<string, object>)JsonReader.Read(File.ReadAllBytes(Path.Combine(folder, name)));
        }

        internal static IEnumerable<Dictionary<string, object>> Rows(object value)
        {
            foreach (object row in (List<object>)value) yield return (Dictionary<string, object>)row;
        }

        internal static double Number(object value) { return Convert.ToDouble(value); }

        internal static double[] Numbers(object value)
        {
            return ((List<object>)value).ConvertAll(Number).ToArray();
        }

        internal static Vector3 Place(object value)
        {
            double[] numbers = Numbers(value);
            return new Vector3((float)numbers[0], (float)numbers[1], (float)numbers[2]);
        }

        internal static Quaternion Turn(object value)
        {
            double[] numbers = Numbers(value);
            return new Quaternion((float)numbers[0], (float)numbers[1], (float)numbers[2], (float)numbers[3]);
        }

        internal static byte[] Bytes(object hex)
        {
            var text = (string)hex;
            var bytes = new byte[text.Length / 2];
            for (int at = 0; at < bytes.Length; at++) bytes[at] = Convert.ToByte(text.Substring(at * 2, 2), 16);
            return bytes;
        }

        internal static string Hex(byte[] bytes)
        {
            return BitConverter.ToString(bytes).Replace("-", "").ToLowerInvariant();
        }
    }
}
