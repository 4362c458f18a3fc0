namespace UnityEngine
{
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
