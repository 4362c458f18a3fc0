using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("BranchXR.Client.Editor.Tests")]
