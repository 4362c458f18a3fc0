namespace UnityEditor
{
    public sealed class MenuCommand
    {
        public UnityEngine.Object context;
        public int userData;

        public MenuCommand(UnityEngine.Object inContext, int inUserData)
        {
            context = inContext;
            userData = inUserData;
        }

        public MenuCommand(UnityEngine.Object inContext) : this(inContext, 0) { }
    }
}
