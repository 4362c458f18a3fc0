using System.Collections.Generic;
using UnityEditor;
using UnityEngine;

namespace BranchXR.Editor
{
    /// <summary>Draws findings with their buttons; the window and the project settings share it.</summary>
    internal static class FindingsView
    {
        internal static void Draw()
        {
            List<Finding> findings = ProjectChecks.Run(EditorUserBuildSettings.selectedBuildTargetGroup);
            if (findings.Count == 0)
            {
                EditorGUILayout.HelpBox("The project is ready.", MessageType.Info);
                return;
            }
            foreach (Finding finding in findings)
            {
                EditorGUILayout.HelpBox(
                    finding.Error.Message, finding.StopsBuild ? MessageType.Error : MessageType.Warning);
                if (finding.Correct != null && GUILayout.Button("Correct it")) finding.Correct();
            }
        }
    }
}
