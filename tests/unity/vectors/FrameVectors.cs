using System;
using System.Collections.Generic;
using BranchXR.Frames;
using NUnit.Framework;
using UnityEngine;

namespace BranchXR.VectorTests
{
    public sealed unsafe class FrameVectors
    {
        private readonly Dictionary<string, object> all = Vectors.Load("cell_frames.json");

        [Test]
        public void MetresBecomeTheSameMillimetres()
        {
            foreach (Dictionary<string, object> row in Vectors.Rows(all["positions"]))
            {
                int millimetres = Quantised.Millimetres(Vectors.Number(row["metres"]));
                Assert.AreEqual((long)row["millimetres"], millimetres, row["metres"].ToString());
            }
        }

        [Test]
        public void RotationsBecomeTheSameBits()
        {
            foreach (Dictionary<string, object> row in Vectors.Rows(all["rotations"]))
            {
                double[] r = Vectors.Numbers(row["rotation"]);
                Assert.AreEqual((long)row["bits"], Quantised.PackRotation(r[0], r[1], r[2], r[3]), (string)row["name"]);
            }
        }

        [Test]
        public void BitsBecomeTheSameRotations()
        {
            int compared = 0;
            foreach (string section in new[] { "rotations", "garbage_rotations" })
            {
                foreach (Dictionary<string, object> row in Vectors.Rows(all[section]))
                {
                    if (!row.ContainsKey("decoded")) continue;
                    Quaternion rotation;
                    Quantised.UnpackRotation((uint)(long)row["bits"], out rotation);
                    AssertNear(Vectors.Numbers(row["decoded"]), rotation, (string)row["name"]);
                    compared++;
                }
            }
            Assert.Greater(compared, 1);
        }

        [Test]
        public void UplinksAreTheSameBytes()
        {
            foreach (Dictionary<string, object> row in Vectors.Rows(all["uplinks"]))
            {
                var pose = (Dictionary<string, object>)row["pose"];
                Body body = BodyOf(pose);
                var bytes = new byte[Uplink.Bytes];
                Uplink.Pack(bytes, 0, ref body, (PoseFlags)(long)pose["flags"], (ushort)(long)row["cell"],
                    Vectors.Place(row["origin"]), (uint)(long)row["client_ms"]);
                Assert.AreEqual((string)row["hex"], Vectors.Hex(bytes), (string)row["name"]);
            }
        }

        [Test]
        public void FramesAreReadAlike()
        {
            foreach (Dictionary<string, object> row in Vectors.Rows(all["frames"]))
            {
                byte[] bytes = Vectors.Bytes(row["hex"]);
                var name = (string)row["name"];
                fixed (byte* start = bytes)
                {
                    CellFrame frame;
                    Assert.IsNull(CellFrame.Read(start, bytes.Length, out frame), name);
                    Assert.AreEqual((long)row["cell"], frame.Cell, name);
                    Assert.AreEqual((long)row["tick"], frame.Tick, name);
                    Assert.AreEqual((long)row["packed_ms"], frame.PackedMs, name);
                    Assert.AreEqual((bool)row["is_complete"], frame.IsComplete, name);
                    AssertBodies(row, ref frame, name);
                }
            }
        }

        [Test]
        public void FramesAreRefusedAlike()
        {
            foreach (Dictionary<string, object> row in Vectors.Rows(all["refused_frames"]))
            {
                byte[] bytes = Vectors.Bytes(row["hex"]);
                var interpolator = new Interpolator(cell => Vector3.zero);
                Assert.AreEqual(row["code"], interpolator.Feed(bytes, 0, bytes.Length, 0), (string)row["name"]);
                Assert.AreEqual(0, interpolator.Count);
            }
        }

        private static void AssertBodies(Dictionary<string, object> row, ref CellFrame frame, string name)
        {
            int index = 0;
            foreach (Dictionary<string, object> expected in Vectors.Rows(row["bodies"]))
            {
                Assert.AreEqual((long)expected["slot"], frame.SlotAt(index), name);
                Assert.AreEqual((long)expected["flags"], (long)frame.FlagsAt(index), name);
                Assert.AreEqual((long)expected["age_ms"], frame.AgeMsAt(index), name);
                Body body;
                frame.Decode(index++, Vectors.Place(row["origin"]), out body);
                var decoded = (Dictionary<string, object>)expected["decoded"];
                AssertNear(Vectors.Numbers(decoded["head_position"]), body.Head, name);
                AssertNear(Vectors.Numbers(decoded["left_position"]), body.Left, name);
                AssertNear(Vectors.Numbers(decoded["right_position"]), body.Right, name);
                AssertNear(Vectors.Numbers(decoded["head_rotation"]), body.HeadRotation, name);
                AssertNear(Vectors.Numbers(decoded["left_rotation"]), body.LeftRotation, name);
                AssertNear(Vectors.Numbers(decoded["right_rotation"]), body.RightRotation, name);
            }
            Assert.AreEqual(index, frame.Count, name);
        }

        private static Body BodyOf(Dictionary<string, object> pose)
        {
            return new Body
            {
                Head = Vectors.Place(pose["head_position"]),
                HeadRotation = Vectors.Turn(pose["head_rotation"]),
                Left = Vectors.Place(pose["left_position"]),
                LeftRotation = Vectors.Turn(pose["left_rotation"]),
                Right = Vectors.Place(pose["right_position"]),
                RightRotation = Vectors.Turn(pose["right_rotation"]),
            };
        }

        // Single precision at 165 m is good to 8 micrometres; the file is exact.
        private static void AssertNear(double[] expected, Vector3 actual, string name)
        {
            for (int axis = 0; axis < 3; axis++) Assert.AreEqual(expected[axis], actual[axis], 2e-5, name);
        }

        private static void AssertNear(double[] expected, Quaternion actual, string name)
        {
            var parts = new[] { actual.x, actual.y, actual.z, actual.w };
            for (int part = 0; part < 4; part++) Assert.AreEqual(expected[part], parts[part], 1e-6, name);
        }
    }
}
