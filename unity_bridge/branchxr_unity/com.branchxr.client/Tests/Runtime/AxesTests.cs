using System;
using NUnit.Framework;
using UnityEngine;

namespace BranchXR.Tests
{
    /// <summary>Laws of the one conversion, over many rotations.</summary>
    public sealed class AxesTests
    {
        private static readonly System.Random Random = new System.Random(7);

        private static float Next() { return (float)(Random.NextDouble() * 2 - 1); }

        private static Quaternion NextRotation()
        {
            return new Quaternion(Next(), Next(), Next(), Next()).normalized;
        }

        [Test]
        public void TurningThenMirroringIsMirroringThenTurning()
        {
            for (int round = 0; round < 1000; round++)
            {
                Quaternion rotation = NextRotation();
                var point = new Vector3(Next(), Next(), Next());
                AssertNear(Axes.Position(rotation * point), Axes.Rotation(rotation) * Axes.Position(point));
            }
        }

        [Test]
        public void AViewerLooksWhereItLooked()
        {
            for (int round = 0; round < 1000; round++)
            {
                Quaternion viewer = NextRotation();
                Quaternion here = Axes.Viewer(viewer);
                AssertNear(Axes.Position(viewer * Vector3.back), here * Vector3.forward);
                AssertNear(Axes.Position(viewer * Vector3.up), here * Vector3.up);
                AssertNear(Axes.Position(viewer * Vector3.right), here * Vector3.right);
            }
        }

        [Test]
        public void AllWaysLeadBack()
        {
            Quaternion rotation = NextRotation();
            var place = new Vector3(1f, 2f, 3f);
            Assert.AreEqual(place, Axes.Position(Axes.Position(place)));
            Assert.AreEqual(rotation, Axes.Rotation(Axes.Rotation(rotation)));
            Assert.AreEqual(rotation, Axes.Viewer(Axes.Viewer(rotation)));
        }

        private static void AssertNear(Vector3 expected, Vector3 actual)
        {
            Assert.Less((expected - actual).magnitude, 1e-5f, expected + " " + actual);
        }
    }
}
