using System.Collections.Generic;
using System.IO;
using UnityEditor;
using UnityEditor.Build;

namespace BranchXR.Editor
{
    /// <summary>Looks for what would fail later, in a player or at the first Play.</summary>
    internal static class ProjectChecks
    {
        /// <summary>Check all settings assets of the project for a platform.</summary>
        internal static List<Finding> Run(BuildTargetGroup group)
        {
            var findings = new List<Finding>();
            List<BranchSettings> all = BranchAssets.All();
            if (all.Count == 0)
            {
                findings.Add(new Finding(
                    new BranchError("settings_missing", "expected BranchSettings in the project, got none", "Assets",
                        "make one with Create > BranchXR > Settings"),
                    false, () => BranchAssets.Make()));
            }
            foreach (BranchSettings settings in all)
            {
                CheckPython(settings, findings);
                if (settings.carrier == CarrierKind.InProcess) CheckInProcess(settings, group, findings);
            }
            return findings;
        }

        private static void CheckPython(BranchSettings settings, List<Finding> findings)
        {
            bool isNamed = settings.python.IndexOfAny(new[] { '/', '\\' }) >= 0;
            if (settings.carrier != CarrierKind.Beside || !isNamed || File.Exists(settings.python)) return;
            findings.Add(new Finding(
                new BranchError("python_missing", "expected a Python program, got '" + settings.python + "'",
                    PlaceOf(settings, "Python"), "name one with branchxr installed, such as .venv/bin/python"),
                false, null));
        }

        private static void CheckInProcess(BranchSettings settings, BuildTargetGroup group, List<Finding> findings)
        {
            NamedBuildTarget target = NamedBuildTarget.FromBuildTargetGroup(group);
            if (PlayerSettings.GetScriptingBackend(target) == ScriptingImplementation.IL2CPP)
            {
                findings.Add(new Finding(
                    new BranchError("backend_refused", "expected Mono for Python in process, got IL2CPP",
                        "Player settings, Scripting Backend, " + target.TargetName,
                        "choose Mono, or the carrier Beside in " + settings.name),
                    true, null));
            }
            // pythonnet makes assemblies while it runs, which .NET Standard has not.
            if (PlayerSettings.GetApiCompatibilityLevel(target) != ApiCompatibilityLevel.NET_4_6)
            {
                findings.Add(new Finding(
                    new BranchError("api_level_refused", "expected .NET Framework for pythonnet, got .NET Standard",
                        "Player settings, Api Compatibility Level, " + target.TargetName, "choose .NET Framework"),
                    true, () => PlayerSettings.SetApiCompatibilityLevel(target, ApiCompatibilityLevel.NET_4_6)));
            }
            if (!HasPythonNet())
            {
                findings.Add(new Finding(
                    new BranchError("pythonnet_missing", "expected the assembly BranchXR.PythonNet, got none",
                        PlaceOf(settings, "Carrier"),
                        "put Python.Runtime.dll into Assets/Plugins and define BRANCHXR_PYTHONNET, or choose Beside"),
                    true, null));
            }
            if (settings.pythonLibrary.Length > 0 && !File.Exists(settings.pythonLibrary))
            {
                findings.Add(new Finding(
                    new BranchError("python_library_missing", "expected libpython3.x, got '" + settings.pythonLibrary + "'",
                        PlaceOf(settings, "Python Library"), "name the library of the same Python, full path"),
                    false, null));
            }
        }

        private static bool HasPythonNet()
        {
            foreach (System.Reflection.Assembly assembly in System.AppDomain.CurrentDomain.GetAssemblies())
            {
                if (assembly.GetName().Name == "BranchXR.PythonNet") return true;
            }
            return false;
        }

        private static string PlaceOf(BranchSettings settings, string field)
        {
            return AssetDatabase.GetAssetPath(settings) + ", " + field;
        }
    }
}
