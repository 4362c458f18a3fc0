using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("BranchXR.PythonNet")]
[assembly: InternalsVisibleTo("BranchXR.Client.Editor")]
[assembly: InternalsVisibleTo("BranchXR.Client.Tests")]
[assembly: InternalsVisibleTo("BranchXR.Client.Editor.Tests")]
[assembly: InternalsVisibleTo("BranchXR.Harness")]
