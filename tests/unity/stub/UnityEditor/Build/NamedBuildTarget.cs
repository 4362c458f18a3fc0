// As UnityCsReference has it: Editor/Mono/BuildPipeline/NamedBuildTarget.cs, Unity 6000.5.0a5.
using System;

namespace UnityEditor.Build
{
    public readonly struct NamedBuildTarget : IEquatable<NamedBuildTarget>, IComparable<NamedBuildTarget>
    {
        private NamedBuildTarget(string targetName) { TargetName = targetName; }

        public string TargetName { get; }

        public static NamedBuildTarget FromBuildTargetGroup(BuildTargetGroup buildTargetGroup)
        {
            return new NamedBuildTarget(buildTargetGroup == BuildTargetGroup.iOS ? "iPhone" : buildTargetGroup.ToString());
        }

        public bool Equals(NamedBuildTarget other) { return TargetName == other.TargetName; }

        public int CompareTo(NamedBuildTarget other)
        {
            return string.Compare(TargetName, other.TargetName, StringComparison.Ordinal);
        }

        public override bool Equals(object obj) { return obj is NamedBuildTarget && Equals((NamedBuildTarget)obj); }

        public override int GetHashCode() { return TargetName.GetHashCode(); }
    }
}
