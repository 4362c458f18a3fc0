// As UnityCsReference has it: Modules/IMGUI/GUISkin.cs, Unity 2019.3.0a3.
using System;

namespace UnityEngine
{
    [Serializable]
    public sealed class GUISkin : ScriptableObject
    {
        private GUIStyle ownLabel = new GUIStyle();

        public GUIStyle label { get { return ownLabel; } set { ownLabel = value; } }
    }
}
