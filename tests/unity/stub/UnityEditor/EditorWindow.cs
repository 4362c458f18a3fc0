using UnityEngine;

namespace UnityEditor
{
    public partial class EditorWindow : ScriptableObject
    {
        internal int repaints;

        public GUIContent titleContent { get; set; }

        public static T GetWindow<T>(string title) where T : EditorWindow
        {
            var window = CreateInstance<T>();
            window.titleContent = new GUIContent(title);
            return window;
        }

        public void Repaint() { repaints++; }
    }
}
