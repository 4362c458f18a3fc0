using UnityEditor;
using UnityEngine;

namespace BranchXR.Editor
{
    /// <summary>Window > BranchXR: what the project lacks, and what the stages of the scene are doing.</summary>
    internal sealed class BranchWindow : EditorWindow
    {
        private Vector2 scroll;

        [MenuItem("Window/BranchXR")]
        internal static void Open() { GetWindow<BranchWindow>("BranchXR"); }

        [MenuItem("GameObject/BranchXR/Branch Stage", false, 10)]
        internal static void MakeStage(MenuCommand command)
        {
            var made = new GameObject("Branch Stage");
            GameObjectUtility.SetParentAndAlign(made, command.context as GameObject);
            made.AddComponent<BranchStage>();
            Undo.RegisterCreatedObjectUndo(made, "Make Branch Stage");
            Selection.activeObject = made;
        }

        private void OnGUI()
        {
            scroll = EditorGUILayout.BeginScrollView(scroll);
            // While playing this is drawn ten times a second, and looking through the assets takes its time.
            if (!EditorApplication.isPlaying)
            {
                EditorGUILayout.LabelField("Set-up", EditorStyles.boldLabel);
                FindingsView.Draw();
            }
            EditorGUILayout.LabelField("Stages", EditorStyles.boldLabel);
            foreach (BranchStage stage in Resources.FindObjectsOfTypeAll<BranchStage>())
            {
                // Prefabs are found as well; they are in no scene.
                if (stage.gameObject.scene.IsValid()) Draw(stage);
            }
            DrawLog();
            EditorGUILayout.EndScrollView();
        }

        private static void DrawLog()
        {
            string log = HostProcess.LogTail(HostPlan.LogIn(RunFolder.Path));
            if (log.Length == 0) return;
            EditorGUILayout.LabelField("Log of the host", EditorStyles.boldLabel);
            EditorGUILayout.HelpBox(log, MessageType.None);
        }

        // Ten times a second: state changes without anybody touching the window.
        private void OnInspectorUpdate()
        {
            if (EditorApplication.isPlaying) Repaint();
        }

        private static void Draw(BranchStage stage)
        {
            EditorGUILayout.LabelField(stage.name, stage.State.ToString());
            if (stage.State == BranchState.Running)
            {
                EditorGUILayout.LabelField("People", stage.People.Count.ToString());
            }
            if (stage.Fault != null) EditorGUILayout.HelpBox(stage.Fault.Message, MessageType.Error);
        }
    }
}
