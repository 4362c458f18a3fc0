// As UnityCsReference has it: Editor/Mono/EditorWindow.cs, Unity 6000.5.0a3.
using UnityEngine;

namespace UnityEditor
{
    public partial class EditorWindow : ScriptableObject
    {
        internal int repaints;

        public static T GetWindow<T>(string title) where T : EditorWindow
        {
            var window = CreateInstance<T>();
            window.name = title;
            return window;
        }

        public void Repaint() { repaints++; }
    }
}
