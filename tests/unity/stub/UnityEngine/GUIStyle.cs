// As UnityCsReference has it: Modules/IMGUI/GUIStyle.cs and GUIStyle.bindings.cs, Unity 2018.2.0a1.
using System;

namespace UnityEngine
{
    [Serializable]
    public sealed partial class GUIStyle
    {
        public GUIStyle() { richText = true; }

        public GUIStyle(GUIStyle other)
        {
            richText = other.richText;
            wordWrap = other.wordWrap;
        }

        public bool richText { get; set; }

        public bool wordWrap { get; set; }
    }
}
