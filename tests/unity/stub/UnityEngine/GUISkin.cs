namespace UnityEngine
{
    public sealed partial class GUISkin : ScriptableObject
    {
        private GUIStyle ownLabel = new GUIStyle();

        public GUIStyle label { get { return ownLabel; } set { ownLabel = value; } }
    }
}
