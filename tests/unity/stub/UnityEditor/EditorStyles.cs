using UnityEngine;

namespace UnityEditor
{
    public sealed class EditorStyles
    {
        private static readonly GUIStyle bold = new GUIStyle();

        public static GUIStyle boldLabel { get { return bold; } }
    }
}
