using System.Runtime.CompilerServices;

// Everything public in this assembly is Unity's; what drives it is seen by these alone.
[assembly: InternalsVisibleTo("UnityEditor")]
[assembly: InternalsVisibleTo("BranchXR.Harness")]
[assembly: InternalsVisibleTo("BranchXR.Client.Tests")]
[assembly: InternalsVisibleTo("BranchXR.Client.Editor.Tests")]
[assembly: InternalsVisibleTo("BranchXR.SampleTests")]
[assembly: InternalsVisibleTo("BranchXR.StubTests")]
