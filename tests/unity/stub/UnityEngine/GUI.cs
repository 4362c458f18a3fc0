namespace UnityEngine
{
    public partial class GUI
    {
        private static readonly GUISkin own = ScriptableObject.CreateInstance<GUISkin>();

        public static GUISkin skin { get { return own; } set { } }
    }
}
